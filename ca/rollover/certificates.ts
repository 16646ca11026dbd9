/** The certificates of a next generation: same names, new keys. Pure apart from making the keys. */
import type { KeyObject } from 'node:crypto';
import { generatePrivateKey, isSamePublicKey, publicKeyDer } from '../../lib/crypto/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  parseCertificate,
} from '../../lib/x509/index.ts';
import { backdateMs } from './phase.ts';

/** As `ca init` gives. */
const lifeMs = 10 * 365 * 24 * 60 * 60 * 1000;
/** One intermediate below it, as `ca init` gives. */
const rootPathLength = 1;

export type NextRoot = {
  readonly key: KeyObject;
  readonly root: Certificate;
  /**
   * The new root's name and key, signed by the old root: served behind the new intermediate, it leads clients that know
   * the old root alone to it. It names itself as its issuer does, so it does not count against the path length
   * (RFC 5280 4.2.1.9); Go counts it nevertheless.
   */
  readonly crossSigned: Certificate;
};

export async function makeNextRoot(old: Certificate, oldKey: KeyObject, now: EpochMs): Promise<NextRoot> {
  const key = await generatePrivateKey();
  const subject = { der: old.subjectDer };
  // from now on, not dated back: its start tells the generations apart, and nothing is verified by it for a while
  const validity = { notBefore: now, notAfter: now + lifeMs };
  const root = parseCertificate(buildRootCertificate({ ...validity, subject, key, pathLength: rootPathLength }));
  const crossSigned = buildIntermediateCertificate({
    subject,
    publicKeyDer: publicKeyDer(key),
    ...validity,
    notAfter: Math.min(root.notAfter, old.notAfter),
    pathLength: rootPathLength,
    issuerCertificate: old,
    issuerKey: oldKey,
  });
  return { key, root, crossSigned: parseCertificate(crossSigned) };
}

/** @param like the intermediate that it replaces, whose name it gets */
export async function makeNextIntermediate(
  like: Certificate,
  root: Certificate,
  rootKey: KeyObject,
  now: EpochMs,
): Promise<{ readonly key: KeyObject; readonly intermediate: Certificate }> {
  const key = await generatePrivateKey();
  const der = buildIntermediateCertificate({
    subject: { der: like.subjectDer },
    publicKeyDer: publicKeyDer(key),
    notBefore: now - backdateMs,
    notAfter: Math.min(now + lifeMs, root.notAfter), // one that outlives its root would not verify to its end
    issuerCertificate: root,
    issuerKey: rootKey,
  });
  return { key, intermediate: parseCertificate(der) };
}

export const isKeyOf = (key: KeyObject, certificate: Certificate): boolean =>
  isSamePublicKey(key, certificate.publicKey);
