/**
 * Two CAs that are federated, each ours or the real step-ca, as in step's tutorial: "Cloud" and "Kubernetes", each with
 * the root of the other among its federatedRoots. Certificates may be short-lived, so that tests see many of them.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOneTimeToken, decryptProvisionerKey, tokenAudience } from '../../../lib/jwk-provisioner/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import {
  type CaFiles,
  type CaJson,
  type CaProcess,
  type CaProgram,
  initCa,
  startCaProcess,
} from '../../peers/certificate-authority.ts';
import { step } from '../../peers/step.ts';

export type Member = {
  readonly program: CaProgram;
  readonly files: CaFiles;
  readonly rootPath: string;
  readonly url: string;
  process: CaProcess;
  /** A one-time token, by the real step CLI. */
  token(subject: string, ...flags: string[]): Promise<string>;
  /** The same without asking the CA: with the root and the provisioner that the files had at first. */
  offlineToken(subject: string): Promise<string>;
  /** Writes ca.json again and waits until the server has taken it. */
  reload(change: (config: CaJson) => void): Promise<void>;
  /** Stops the process at once. */
  kill(): Promise<void>;
  /** Starts it again after {@link kill}, with the same files. */
  start(): Promise<void>;
};

export type Federation = { readonly cloud: Member; readonly kubernetes: Member; remove(): Promise<void> };

export type FederationOptions = {
  readonly claims?: Record<string, unknown>;
  readonly federated?: boolean;
};

/** Certificates of a few seconds, dated back by one. */
export const shortLived = { minTLSCertDuration: '1s', maxTLSCertDuration: '24h', defaultTLSCertDuration: '3s' };

export async function startFederation(
  programs: { readonly cloud: CaProgram; readonly kubernetes: CaProgram },
  { claims = shortLived, federated = true }: FederationOptions = {},
): Promise<Federation> {
  const cloud = await initMember('Cloud', programs.cloud);
  const kubernetes = await initMember('Kubernetes', programs.kubernetes);
  for (const [own, other] of [
    [cloud, kubernetes],
    [kubernetes, cloud],
  ] as const) {
    const copy = join(own.folder, 'certs', 'federated_root_ca.crt');
    await copyFile(rootOf(other), copy);
    await own.configure((config) => {
      config.federatedRoots = federated ? [copy] : [];
      Object.assign(config.authority, { claims: { ...config.authority.claims, ...claims }, backdate: '1s' });
      delete config.db; // nothing here needs one, and step-ca starts faster without
    });
  }
  const started: Member[] = [];
  const remove = async (): Promise<void> => {
    for (const member of started) await member.kill();
    for (const files of [cloud, kubernetes]) await files.remove();
  };
  const start = async (program: CaProgram, files: CaFiles): Promise<Member> => {
    const member = await startMember(program, files);
    started.push(member);
    return member;
  };
  try {
    return {
      cloud: await start(programs.cloud, cloud),
      kubernetes: await start(programs.kubernetes, kubernetes),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** step-ca looks at an expired certificate as of a minute before its end: by then the CA must have existed. */
const ageMs = 24 * 60 * 60 * 1000;

async function initMember(name: string, program: CaProgram): Promise<CaFiles> {
  const files = await initCa(program);
  await files.makeOlder(ageMs, `Example ${name}`);
  return files;
}

const rootOf = ({ folder }: CaFiles): string => join(folder, 'certs', 'root_ca.crt');

export async function startMember(program: CaProgram, files: CaFiles): Promise<Member> {
  const rootPath = rootOf(files);
  const first = await startCaProcess(program, files);
  const [root] = parseCertificateChainPem(await readFile(rootPath, 'utf8'));
  const rootFingerprint = root ? fingerprint(root.der) : '';
  const { authority } = JSON.parse(await readFile(files.configPath, 'utf8')) as CaJson;
  const encryptedKey = authority.provisioners[0]?.encryptedKey ?? '';
  const provisioner = await decryptProvisionerKey(encryptedKey, files.password);
  const member: Member = {
    program,
    files,
    rootPath,
    url: first.url,
    process: first,
    async token(subject, ...flags) {
      const args = ['ca', 'token', subject, '--ca-url', first.url, '--root', rootPath, ...flags];
      const password = ['--provisioner', 'admin', '--provisioner-password-file', files.passwordPath];
      return (await step([...args, ...password], { stepPath: files.folder, cwd: files.folder })).trim();
    },
    async offlineToken(subject) {
      const claims = { issuer: 'admin', audience: tokenAudience(first.url, 'sign'), subject, sans: [subject] };
      return createOneTimeToken(provisioner, { ...claims, rootFingerprint, now: Date.now() });
    },
    async reload(change) {
      await files.configure(change);
      const loads = (): number => member.process.output().match(inForce[program])?.length ?? 0;
      const seen = loads();
      member.process.signal('SIGHUP');
      await untilTrue('the CA has reloaded', () => loads() > seen);
    },
    kill: () => member.process.kill(),
    async start() {
      member.process = await startCaProcess(program, files);
    },
  };
  return member;
}

/** What each of the two says when a configuration is in force. */
const inForce: Readonly<Record<CaProgram, RegExp>> = {
  'step-ca': /Serving HTTPS on \S+ /g,
  'autocert-ca': /"msg":"listening"/g,
  autocert: /"msg":"listening"/g,
};

/** Looks until it is so, for as long as a slow machine may need. */
export async function untilTrue(
  what: string,
  look: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
