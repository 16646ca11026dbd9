/**
 * A CA as a process for the tests of one `describe`, ours unless another program is named: fresh configuration and
 * database for each, files made once.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodePrivateKeyPem } from '../../lib/crypto/index.ts';
import { type Certificate, parseCertificateChainPem } from '../../lib/x509/index.ts';
import {
  type CaFiles,
  type CaJson,
  type CaProcess,
  type CaProgram,
  initCa,
  startCaProcess,
} from '../peers/certificate-authority.ts';
import { freePort } from '../peers/ports.ts';
import { createWorkbench, type Leaf, type Workbench } from './ca-beside/workbench.ts';
import { ask, type JsonAnswer } from './ca-requests.ts';

export type CaFixture = {
  readonly files: CaFiles;
  readonly bench: Workbench;
  /** Starts it on a free port, with changes to ca.json. */
  start(change?: (config: CaJson) => void): Promise<CaProcess>;
  /** Starts it on the files as they are. */
  restart(files?: Pick<CaFiles, 'folder' | 'configPath' | 'passwordPath'>): Promise<CaProcess>;
};

/** Day-old authorities, so that certificates of the past verify. */
const ageMs = 24 * 60 * 60 * 1000;

/** Registers its hooks in the `describe` it is called in; to be read inside tests. */
export function useCa(program: CaProgram = 'autocert-ca'): CaFixture {
  let files: CaFiles;
  let bench: Workbench;
  let original: string;
  const running = new Set<CaProcess>();
  before(async () => {
    files = await initCa('autocert-ca');
    await files.makeOlder(ageMs);
    bench = await createWorkbench(files);
    original = await readFile(files.configPath, 'utf8');
  });
  afterEach(async () => {
    for (const ca of running) await ca.kill();
    running.clear();
    await writeFile(files.configPath, original);
    await rm(join(files.folder, 'db'), { recursive: true, force: true });
  });
  after(() => files?.remove());
  const restart: CaFixture['restart'] = async (given) => {
    const ca = await startCaProcess(program, given ?? files);
    running.add(ca);
    return ca;
  };
  return {
    get files() {
      return files;
    },
    get bench() {
      return bench;
    },
    restart,
    async start(change = () => {}) {
      const port = await freePort();
      await files.configure((config) => {
        config.address = `127.0.0.1:${port}`;
        change(config);
      });
      return restart();
    },
  };
}

/** A good sign request, or one with other members. */
export const sign = (port: number, bench: Workbench, members: Record<string, unknown> = {}): Promise<JsonAnswer> =>
  ask(port, '/sign', { body: JSON.stringify({ csr: bench.csr(), ott: bench.token(), ...members }) });

export const renewByToken = (port: number, token: string): Promise<JsonAnswer> =>
  ask(port, '/renew', { method: 'POST', headers: { Authorization: `Bearer ${token}` } });

export const renewOverTls = (port: number, leaf: Leaf): Promise<JsonAnswer> =>
  ask(port, '/renew', { method: 'POST', tls: { cert: leaf.chainPem, key: encodePrivateKeyPem(leaf.key) } });

export function leafOf({ body }: JsonAnswer): Certificate {
  const [leaf] = parseCertificateChainPem(String(body.crt));
  assert.ok(leaf);
  return leaf;
}

/** Waits until the output after `from` holds a text, without asserting how long it takes. */
export async function untilLogged(ca: CaProcess, text: string, from = 0): Promise<void> {
  for (let waited = 0; !ca.output().slice(from).includes(text); waited += 20) {
    assert.ok(waited < 20_000, `"${text}" was not logged:\n${ca.output()}`);
    await delay(20);
  }
}
