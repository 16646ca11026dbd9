/**
 * A CA to test pod programs against: the real step-ca, or ours from the same files, which the real `step ca init` made.
 * It can be stopped and started again on its port.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseCertificatePem } from '../../../lib/encoding/index.ts';
import { createOneTimeToken, decryptProvisionerKey, tokenAudience } from '../../../lib/jwk-provisioner/index.ts';
import { fingerprint } from '../../../lib/x509/index.ts';
import { type CaProcess, type CaProgram, initCa, startCaProcess } from '../../peers/certificate-authority.ts';

/** As `authority.claims` of ca.json. */
export type Claims = Readonly<Record<string, string | boolean>>;

export type Authority = {
  readonly url: string;
  readonly rootPem: string;
  readonly rootFingerprint: string;
  /** A one-time token, as the webhook or `step ca token` makes it. */
  createToken(subject: string, options?: { readonly sans?: readonly string[]; readonly csrDer?: Uint8Array }): string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Changes ca.json; in force after the next start. */
  changeClaims(claims: Claims): Promise<void>;
};

const issuer = 'autocert';

/**
 * step-ca looks at an expired certificate as of a minute before its end, when a CA that was made for this test did not
 * exist yet.
 */
const ageMs = 24 * 3_600_000;

export async function startAuthority(
  t: Pick<TestContext, 'after'>,
  program: CaProgram,
  claims: Claims = {},
): Promise<Authority> {
  const files = await initCa('step-ca', { provisioner: issuer });
  let running: CaProcess | undefined;
  const stop = async (): Promise<void> => {
    await running?.kill(); // its graceful end is tested elsewhere
    running = undefined;
  };
  const start = async (): Promise<void> => {
    running = await startCaProcess(program, files);
  };
  t.after(async () => {
    await stop();
    await files.remove();
  });

  await files.makeOlder(ageMs);
  let [url, encryptedKey] = ['', ''];
  const changeClaims = (changed: Claims): Promise<void> =>
    files.configure(({ address, authority }) => {
      url = `https://${address}`;
      encryptedKey = authority.provisioners[0]?.encryptedKey ?? '';
      authority.claims = { ...authority.claims, ...changed };
    });
  await changeClaims(claims);
  const provisioner = await decryptProvisionerKey(encryptedKey, files.password);
  const rootPem = readFileSync(join(files.folder, 'certs/root_ca.crt'), 'utf8');
  const [root = Buffer.of()] = parseCertificatePem(rootPem);
  const rootFingerprint = fingerprint(root);
  await start();

  return {
    url,
    rootPem,
    rootFingerprint,
    createToken(subject, { sans = [subject], csrDer } = {}) {
      return createOneTimeToken(provisioner, {
        issuer,
        audience: tokenAudience(url, 'sign'),
        subject,
        sans,
        rootFingerprint,
        now: Date.now(),
        ...(csrDer ? { csrDer } : {}),
      });
    },
    stop,
    start,
    changeClaims,
  };
}
