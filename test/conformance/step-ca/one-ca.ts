/**
 * One CA for all tests of a `describe`, for tests that leave nothing in it that another of them would see: a start costs
 * half a second and more. Tests that change the configuration, reload or restart use `onEachPeer`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { type Certificate, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { createWorkbench, type Workbench } from '../../integration/ca-beside/workbench.ts';
import { type CaFiles, type CaJson, initCa, startCaProcess } from '../../peers/certificate-authority.ts';
import { type Peer, type PeerContext, peers } from './peers.ts';

export type OneCa = Pick<PeerContext, 'peer' | 'differs' | 'files' | 'bench'> & {
  readonly port: number;
  readonly root: Certificate;
};

/** Day-old authorities, so that certificates of the past verify. */
const ageMs = 24 * 60 * 60 * 1000;

/** One `describe` and one process for each CA; `change` is made to ca.json before the start. */
export function onOneCa(
  title: string,
  tests: (context: OneCa) => void,
  change: (config: CaJson) => void = () => {},
): void {
  for (const peer of peers) describe(`${title}: ${peer}`, () => tests(useOneCa(peer, change)));
}

function useOneCa(peer: Peer, change: (config: CaJson) => void): OneCa {
  let files: CaFiles;
  let bench: Workbench;
  let root: Certificate | undefined;
  let port = 0;
  let kill = async (): Promise<void> => {};
  before(async () => {
    files = await initCa('autocert-ca');
    await files.makeOlder(ageMs);
    bench = await createWorkbench(files);
    [root] = parseCertificateChainPem(await readFile(join(files.folder, 'certs/root_ca.crt'), 'utf8'));
    await files.configure(change);
    const ca = await startCaProcess(peer, files);
    ({ port } = ca);
    kill = ca.kill;
  });
  after(async () => {
    await kill();
    await files?.remove();
  });
  return {
    peer,
    differs: (theirs, ours) => (peer === 'step-ca' ? theirs : ours),
    get files() {
      return files;
    },
    get bench() {
      return bench;
    },
    get port() {
      return port;
    },
    get root() {
      if (!root) throw new Error('the CA has not started');
      return root;
    },
  };
}
