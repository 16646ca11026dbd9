/** Both ways to a pod's first certificate, as processes with the same environment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOneTimeToken } from '../../lib/jwk-provisioner/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../lib/x509/index.ts';
import { peerPath } from '../../tools/peers/index.ts';
import type { RunningAuthority } from '../ca/servers.ts';
import { pinned } from '../measure/pinning.ts';

/** How a contender is started; `name` is what tables call it. */
export type Contender = {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Ends at once and leaves no files: what a start alone costs. */
  readonly idle?: true;
};

const script = join(import.meta.dirname, 'bootstrapper.sh');

/** In busybox's shell, as upstream's image has it. */
export const upstreamScript = (): Contender => ({
  name: "upstream's script",
  command: ['busybox', 'sh', script],
  env: { STEP: peerPath('step') },
});

/** The start of each runtime, without any work: ours, and the peer's, which starts it twice. */
export const emptyStarts = (): readonly [Contender, Contender] => [
  { name: 'Node alone', command: [process.execPath, '-e', '0'], idle: true },
  { name: 'step alone', command: [peerPath('step'), 'version'], idle: true },
];

const commonName = 'web.shop.svc.cluster.local';

/** From start to files, once. Wall time in ms; throws when the files are not there afterwards. */
export async function bootstrapOnce(
  { command, env, idle }: Contender,
  authority: RunningAuthority,
  { caPort, core }: { readonly caPort: number; readonly core: number },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'autocert-bench-'));
  try {
    const files = ['root.crt', 'site.crt', 'site.key'].map((name) => join(folder, name));
    const [root = '', certificate = '', key = ''] = files;
    const [file, ...args] = pinned(core, command);
    const asked = await enrolmentOf(authority, caPort);
    const started = performance.now();
    const child = spawn(file, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        STEPPATH: folder,
        ...asked,
        STEP_ROOT: root,
        CRT: certificate,
        KEY: key,
        AUTOCERT_DEADLINE: '0s',
        ...env,
      },
    });
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    await once(child, 'close');
    const wallMs = performance.now() - started;
    if (child.exitCode !== 0 || (!idle && !files.every(existsSync)))
      throw new Error(`${command[0]}: no certificate\n${complaint}`);
    return wallMs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the webhook tells the programs of a pod. */
export async function enrolmentOf(authority: RunningAuthority, caPort: number): Promise<Record<string, string>> {
  const rootSha256 = await rootFingerprint(authority);
  return {
    STEP_CA_URL: `https://localhost:${caPort}`,
    STEP_FINGERPRINT: rootSha256,
    STEP_TOKEN: token(authority, rootSha256),
    COMMON_NAME: commonName,
  };
}

async function rootFingerprint({ files }: RunningAuthority): Promise<string> {
  const [root] = parseCertificateChainPem(await readFile(join(files.folder, 'certs', 'root_ca.crt'), 'utf8'));
  return fingerprint(root?.der ?? new Uint8Array());
}

/** With the root's fingerprint in it, as the webhook mints it: step goes by that. */
const token = ({ port, provisionerKey }: RunningAuthority, rootSha256: string): string =>
  createOneTimeToken(provisionerKey, {
    issuer: 'admin',
    audience: `https://localhost:${port}/1.0/sign`,
    subject: commonName,
    sans: [commonName, 'web.shop.svc'],
    rootFingerprint: rootSha256,
    now: Date.now(),
  });
