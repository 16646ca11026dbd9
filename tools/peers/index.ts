/**
 * Where the real programs are that tests run against. `make peers` puts them there; a missing one is a failure and
 * never a skipped test.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Peer, peers } from './catalogue.ts';

/** Folder outside the repository that survives `make clean`. AUTOCERT_CACHE overrides it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.AUTOCERT_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'autocert');
}

/** Folder of one peer at its version. */
export const peerFolder = ({ name, version, source }: Peer): string =>
  source.kind === 'apt' ? source.folder : join(cacheFolder(), 'peers', `${name}-${version}`);

/** Path of a program of the catalogue. Throws when it is unknown or not installed. */
export function peerPath(program: string): string {
  const peer = peers.find(({ programs }) => program in programs);
  if (!peer) throw new TypeError(`${program} is not in tools/peers/catalogue.ts`);
  const path = join(peerFolder(peer), peer.programs[program] ?? '');
  if (!existsSync(path)) throw new Error(`${program} ${peer.version} is not installed; run: make peers`);
  return path;
}
