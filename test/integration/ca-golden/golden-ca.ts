/**
 * A CA of ours like the one that was recorded: same names and provisioners, in this process, on a clock that stands still.
 * The clock begins an hour before, so that tokens "issued after the start" are; TLS goes by the real time, which a test
 * run stays close to.
 */
import type { KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, writeAuthority } from '../../../ca/init/files.ts';
import { createPki } from '../../../ca/init/pki.ts';
import { buildCaJson } from '../../../ca/init/templates.ts';
import { fileKeyStore } from '../../../ca/keys/index.ts';
import { startCa } from '../../../ca/server.ts';
import { parsePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { decryptProvisionerKey, type ProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import { createLogger } from '../../../lib/log/index.ts';
import { FakeClock } from '../../../lib/time/fake-clock.ts';
import {
  type Certificate,
  createLeafIssuer,
  type LeafIssuer,
  parseCertificateChainPem,
} from '../../../lib/x509/index.ts';

export type GoldenCa = {
  readonly port: number;
  /** Whole second at which its clock stands. */
  readonly now: number;
  readonly root: Certificate;
  readonly issuer: LeafIssuer;
  readonly provisionerKey: ProvisionerKey;
  readonly encryptedKey: string;
  readonly intermediateKey: KeyObject;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  stop(): Promise<void>;
};

const hourMs = 3_600_000;

export async function startGoldenCa(): Promise<GoldenCa> {
  const folder = await mkdtemp(join(tmpdir(), 'autocert-ca-golden-'));
  const layout = layoutOf(folder);
  const now = Math.floor(Date.now() / 1000) * 1000;
  const clock = new FakeClock(now - hourMs);
  const password = 'golden';
  const pki = await createPki({ name: 'Golden', password, imported: undefined, now: now - 2 * hourMs });
  const caJson = await buildCaJson({
    layout,
    dnsNames: ['localhost'],
    address: '127.0.0.1:0',
    provisioner: 'admin',
    provisionerPassword: password,
    database: true,
    acme: true,
  });
  writeAuthority(layout, { ...pki, caJson, defaults: {}, database: true });
  const log: string[] = [];
  const ca = await startCa({
    configPath: layout.config,
    password,
    askPassword: async () => undefined,
    keyStore: fileKeyStore,
    templatePath: (given) => join(folder, given),
    clock,
    logger: createLogger({ name: 'ca', level: 'debug', write: (line) => log.push(line), clock }),
    logRequest: (_level, line) => log.push(line),
    random: () => 0,
    keepExpiredMs: undefined,
  });
  clock.jump(now);
  const [root] = parseCertificateChainPem(pki.rootPem);
  const [intermediate] = parseCertificateChainPem(pki.intermediatePem);
  if (!root || !intermediate) throw new Error('init made no certificates');
  const intermediateKey = parsePrivateKeyPem(pki.intermediateKeyPem, password);
  const encryptedKey = encryptedKeyOf(caJson);
  return {
    port: Number(ca.address.split(':').at(-1)),
    now,
    root,
    issuer: createLeafIssuer(intermediate, intermediateKey),
    provisionerKey: await decryptProvisionerKey(encryptedKey, password),
    encryptedKey,
    intermediateKey,
    log,
    async stop() {
      await ca.stop(0);
      await rm(folder, { recursive: true });
    },
  };
}

function encryptedKeyOf(caJson: object): string {
  const { authority } = caJson as { authority: { provisioners: { encryptedKey: string }[] } };
  return authority.provisioners[0]?.encryptedKey ?? '';
}
