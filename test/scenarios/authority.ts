/**
 * A CA for scripts: made by `ca init` and run by `ca serve`, ours or the real step's, with the same arguments.
 * It has one JWK provisioner `admin` and listens on a free port of 127.0.0.1.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { peerPath } from '../../tools/peers/index.ts';
import { type CaFiles, type CaProcess, initCa, startCaProcess } from '../peers/certificate-authority.ts';

export type Authority = {
  /** What scripts see; see script.ts. */
  readonly variables: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
};

/** @param moreProvisioners names of further JWK provisioners, with the same password */
export async function startAuthority(
  kind: 'autocert' | 'step-ca',
  moreProvisioners: readonly string[] = [],
): Promise<Authority> {
  const files = await initCa(kind);
  let server: CaProcess | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    await files.remove();
  };
  try {
    const step = runStepIn(files);
    for (const name of moreProvisioners) {
      // the real step edits the configuration, whoever wrote it
      step('ca', 'provisioner', 'add', name, '--create', '--password-file', files.passwordPath);
    }
    makeRequest(step);
    makeExpired(step, files.passwordPath);
    server = await startCaProcess(kind, files);
    const at = (name: string): string => join(files.folder, name);
    return {
      stop,
      variables: {
        CA_URL: server.url,
        FINGERPRINT: step('certificate', 'fingerprint', at('certs/root_ca.crt')).trim(),
        ROOT: at('certs/root_ca.crt'),
        PASSWORD_FILE: files.passwordPath,
        REQUEST: at('request.csr'),
        EXPIRED_CRT: at('expired.crt'),
        EXPIRED_KEY: at('expired.key'),
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Step = (...args: string[]) => string;

const runStepIn =
  ({ folder }: CaFiles): Step =>
  (...args) =>
    execFileSync(peerPath('step'), args, {
      cwd: folder,
      env: { HOME: folder, STEPPATH: folder },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

/** A signing request of the real step, for request.test and an address. */
function makeRequest(step: Step): void {
  const names = ['--san', 'request.test', '--san', '10.0.0.9'];
  const plain = ['--csr', '--no-password', '--insecure'];
  step('certificate', 'create', 'request.test', 'request.csr', 'request.key', ...plain, ...names);
}

/** A certificate of this CA that ended an hour ago, without a provisioner extension. */
function makeExpired(step: Step, passwordPath: string): void {
  const issuer = ['--ca', 'certs/intermediate_ca.crt', '--ca-key', 'secrets/intermediate_ca_key'];
  const life = ['--not-before', '-2h', '--not-after', '-1h'];
  const plain = ['--bundle', '--no-password', '--insecure', '--ca-password-file', passwordPath];
  step('certificate', 'create', 'expired.test', 'expired.crt', 'expired.key', ...issuer, ...life, ...plain);
}
