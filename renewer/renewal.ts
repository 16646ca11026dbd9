/** Carries out one renewal, up to the set that is to be written. Pure: the CA is a port. */
import { longestExchangeMs } from '../lib/ca-client/index.ts';
import { type CertificateSet, openCertificateSet } from '../lib/certificate-files/index.ts';
import { encodePrivateKeyPem, generatePrivateKey } from '../lib/crypto/index.ts';
import { encodePem } from '../lib/encoding/index.ts';
import { AppError } from '../lib/errors/index.ts';
import type { Logger } from '../lib/log/index.ts';
import { chooseRoots, enrol, type PodSettings, type RenewalAuthority, unitePem } from '../lib/pod/index.ts';
import type { Clock } from '../lib/time/index.ts';
import { buildCertificateRequest } from '../lib/x509/index.ts';
import type { Action } from './decide.ts';

export type RenewalPorts = {
  readonly authority: RenewalAuthority;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
};

/** Every action that ends in a new set. */
export type RenewalKind = Exclude<Action['kind'], 'wait' | 'look-again'>;

/**
 * @param current the set on the volume; roots that were refreshed are trusted for a new bootstrap too
 * @throws {AppError} those of lib/ca-client and of enrolment
 */
export async function renewSet(
  ports: RenewalPorts,
  settings: PodSettings,
  kind: RenewalKind,
  current: CertificateSet | undefined,
): Promise<CertificateSet> {
  const { authority, clock } = ports;
  if (kind === 'bootstrap' || !current) {
    return enrol({ enroller: authority, clock }, settings, { sent: false }, knownRootsOf(current));
  }
  switch (kind) {
    case 'renew':
      return refreshRoots(ports, { ...current, chainPem: join(await authority.renew(current)) });
    case 'renew-expired':
      return refreshRoots(ports, { ...current, chainPem: join(await authority.renewExpired(current, clock.now())) });
    case 'rekey': {
      const key = await generatePrivateKey();
      const { commonName } = openCertificateSet(current).leaf;
      const csrPem = encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans: [], key }));
      const chainPem = join(await authority.rekey(current, csrPem));
      return refreshRoots(ports, { ...current, chainPem, keyPem: encodePrivateKeyPem(key) });
    }
  }
}

const join = (chain: readonly string[]): string => chain.join('');

/**
 * The roots as the CA has them now: new ones arrive, removed ones go, but never so that our own chain would lead
 * nowhere.
 */
async function refreshRoots({ authority, clock, log }: RenewalPorts, set: CertificateSet): Promise<CertificateSet> {
  let fetched = '';
  try {
    fetched = join(await authority.fetchRoots(set.rootPem, longestExchangeMs(openCertificateSet(set).leaf)));
  } catch (error) {
    log.warn('the roots could not be refreshed, keeping those that are there', { error });
  }
  const candidates = fetched === '' ? [set.rootPem] : [fetched, unitePem(fetched, set.rootPem)];
  const chosen = chooseRoots(set, candidates, clock.now());
  if (chosen.set) return chosen.set;
  throw new AppError(
    'ERR_RENEWED_CERTIFICATE',
    'unavailable',
    `ca: the renewed certificate cannot be used: ${chosen.problem}`,
    {
      hint: 'the CA may have changed its root; the certificate of before stays in use until it ends',
    },
  );
}

/** Roots on the volume, where they can be read: they may be newer than the fingerprint that the pod was told. */
function knownRootsOf(current: CertificateSet | undefined): string | undefined {
  if (!current) return undefined;
  try {
    return unitePem(current.rootPem, '') || undefined;
  } catch {
    return undefined; // damaged: begin again from the fingerprint
  }
}
