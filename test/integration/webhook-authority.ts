/** A CA that a webhook test can kill and bring back, always on the same port and with the same files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CaProcess, type CaProgram, initCa, startCaProcess } from '../peers/certificate-authority.ts';

export type WebhookAuthority = {
  readonly url: string;
  readonly rootPath: string;
  readonly rootPem: string;
  readonly passwordPath: string;
  /** Starts it, or brings it back. */
  start(): Promise<void>;
  /** As a crash does. */
  kill(): Promise<void>;
  /** Kills it and removes its files. */
  remove(): Promise<void>;
};

/**
 * @param lifetime of certificates, such as `24h`
 * @returns a CA with a JWK provisioner `autocert`, not yet started; its files are those of the real `step ca init`
 */
export async function createAuthority(program: CaProgram, lifetime = '24h'): Promise<WebhookAuthority> {
  const files = await initCa('step-ca', { provisioner: 'autocert' });
  let address = '';
  await files.configure((config) => {
    address = config.address;
    const claims = { minTLSCertDuration: '1s', maxTLSCertDuration: '24h', defaultTLSCertDuration: lifetime };
    for (const provisioner of config.authority.provisioners) provisioner.claims = claims;
  });
  const rootPath = join(files.folder, 'certs/root_ca.crt');
  let server: CaProcess | undefined;
  const kill = async (): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.kill();
  };
  return {
    url: `https://${address}`,
    rootPath,
    rootPem: readFileSync(rootPath, 'utf8'),
    passwordPath: files.passwordPath,
    async start() {
      server = await startCaProcess(program, files);
    },
    kill,
    async remove() {
      await kill();
      await files.remove();
    },
  };
}
