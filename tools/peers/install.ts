/**
 * Installs the peers that are missing, into the cache folder, saying what it does and how long each took.
 * Each one is built in a folder of its own and renamed into place, so that an interrupted run leaves no half peer.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Peer, peers, type Source } from './catalogue.ts';
import { cacheFolder, peerFolder } from './index.ts';
import { kubernetesModule } from './kubernetes-module.ts';

type SourceOf<Kind extends Source['kind']> = Extract<Source, { kind: Kind }>;

const complete = (peer: Peer): boolean =>
  Object.values(peer.programs).every((path) => existsSync(join(peerFolder(peer), path)));

async function install(peer: Peer): Promise<void> {
  if (peer.source.kind === 'apt') return aptInstall(peer.source);
  const target = peerFolder(peer);
  const work = join(cacheFolder(), 'work', `${peer.name}-${peer.version}`);
  await rm(work, { recursive: true, force: true });
  await rm(target, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await mkdir(join(target, '..'), { recursive: true });
  switch (peer.source.kind) {
    case 'go-install':
      await goInstall(peer, peer.source, join(work, 'out'));
      await rename(join(work, 'out'), target);
      break;
    case 'kubernetes':
      await buildKubernetes(peer, peer.source, work);
      await rename(join(work, 'out'), target);
      break;
    case 'go-files':
      await copyFromModule(peer, peer.source, work);
      await rename(join(work, 'out'), target);
      break;
    case 'go-program':
      await buildProgram(peer.source, join(work, 'out'));
      await rename(join(work, 'out'), target);
      break;
    case 'python':
      await pythonEnvironment(peer.source, target);
      break;
  }
  await rm(work, { recursive: true, force: true });
}

async function goInstall(peer: Peer, source: SourceOf<'go-install'>, out: string): Promise<void> {
  const variable = source.versionVariable ? `-X ${source.versionVariable}=${peer.version}` : '';
  const flags = ['-trimpath', '-ldflags', `-s -w ${variable}`, ...(source.tags ? ['-tags', source.tags] : [])];
  await run('go', ['install', ...flags, `${source.package}@v${peer.version}`], {
    env: { GOBIN: out, CGO_ENABLED: source.cgo ? '1' : '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' },
  });
}

/** Folder of a module in the cache of the go command. */
async function downloadModule(module: string, version: string, cwd: string): Promise<string> {
  const env = { GOFLAGS: '-mod=mod', GOWORK: 'off' };
  const listing = await run('go', ['mod', 'download', '-json', `${module}@v${version}`], { env, cwd });
  return (JSON.parse(listing) as { Dir: string }).Dir;
}

async function copyFromModule(peer: Peer, source: SourceOf<'go-files'>, work: string): Promise<void> {
  const folder = await downloadModule(source.module, peer.version, work);
  await mkdir(join(work, 'out'));
  for (const [to, from] of Object.entries(source.files)) {
    await writeFile(join(work, 'out', to), await readFile(join(folder, from)));
  }
}

async function buildKubernetes(peer: Peer, source: SourceOf<'kubernetes'>, work: string): Promise<void> {
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod -trimpath -buildvcs=false', GOWORK: 'off' };
  const folder = await downloadModule('k8s.io/kubernetes', peer.version, work);
  const published = await readFile(join(folder, 'go.mod'), 'utf8');
  await writeFile(join(work, 'go.mod'), kubernetesModule(published, peer.version));
  await cp(join(folder, 'go.sum'), join(work, 'go.sum'));
  const version = 'k8s.io/component-base/version';
  const [major, minor] = peer.version.split('.');
  const flags = `-s -w -X ${version}.gitVersion=v${peer.version} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
  for (const [name, path] of Object.entries(source.packages)) {
    await run('go', ['build', '-ldflags', flags, '-o', join(work, 'out', name), path], { env, cwd: work });
  }
}

async function buildProgram(source: SourceOf<'go-program'>, out: string): Promise<void> {
  const env = { CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false', GOWORK: 'off' };
  const cwd = join(import.meta.dirname, '../..', source.folder);
  await run('go', ['build', '-ldflags', '-s -w', '-o', join(out, source.binary), '.'], { env, cwd });
}

async function pythonEnvironment(source: SourceOf<'python'>, target: string): Promise<void> {
  // The scripts of an environment carry its path, so it is made in place and removed when that fails.
  try {
    await run('python3', ['-m', 'venv', target]);
    await run(join(target, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', source.requirement]);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
}

/** Without the cluster that the package would make and start: tests make their own. */
async function aptInstall(source: SourceOf<'apt'>): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`as root: apt-get install --no-install-recommends ${source.package}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '--quiet'], { env });
  await mkdir('/etc/postgresql-common', { recursive: true });
  const settings = '/etc/postgresql-common/createcluster.conf';
  if (!existsSync(settings)) await writeFile(settings, 'create_main_cluster = false\n');
  await run('apt-get', ['install', '--quiet', '--yes', '--no-install-recommends', source.package], { env });
}

function run(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', (cause) => reject(new Error(`${command}: cannot be started; is it installed?`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`${command} ${args.join(' ')}: exit code ${code}\n${stderr.split('\n').slice(-15).join('\n')}`),
        );
    });
  });
}

async function main(): Promise<void> {
  const missing = peers.filter((peer) => !complete(peer));
  if (missing.length === 0) return console.log(`peers: all ${peers.length} are in ${join(cacheFolder(), 'peers')}`);
  console.log(`peers: ${missing.length} of ${peers.length} to install into ${join(cacheFolder(), 'peers')}, once`);
  for (const [index, peer] of missing.entries()) {
    const started = Date.now();
    console.log(`peers: [${index + 1}/${missing.length}] ${peer.name} ${peer.version}: ${peer.purpose} …`);
    const note = setInterval(() => {
      console.log(`peers:       still building ${peer.name}, ${Math.round((Date.now() - started) / 1000)} s`);
    }, 60_000);
    try {
      await install(peer);
    } finally {
      clearInterval(note);
    }
    console.log(`peers:       done in ${Math.round((Date.now() - started) / 1000)} s`);
  }
}

try {
  await main();
} catch (error) {
  console.error(`peers: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
