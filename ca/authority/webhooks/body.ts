/** What webhooks are sent: the JSON of step-ca 0.30, member by member. */
import type { EpochMs } from '../../../lib/time/index.ts';
import type { CertificateRequest } from '../../../lib/x509/index.ts';
import type { CertificateJson } from '../certificate-json/certificate.ts';
import { showRequest } from '../certificate-json/request.ts';

/** A certificate that is about to be signed. */
export type UnsignedCertificate = {
  readonly json: CertificateJson;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
};

/** For enriching ones: the request, as it came. */
export const bodyForEnriching = (csr: CertificateRequest, now: EpochMs): string =>
  stringify({
    timestamp: formatTime(now),
    x509CertificateRequest: {
      ...showRequest(csr),
      publicKey: csr.publicKeyDer.toString('base64'),
      publicKeyAlgorithm: algorithmOf(csr),
      raw: csr.der.toString('base64'),
    },
  });

/** For authorizing ones: the certificate, as it is going to be. */
export const bodyForAuthorizing = (
  { json, notBefore, notAfter }: UnsignedCertificate,
  csr: CertificateRequest,
  now: EpochMs,
): string =>
  stringify({
    timestamp: formatTime(now),
    x509Certificate: {
      ...json,
      publicKey: csr.publicKeyDer.toString('base64'),
      publicKeyAlgorithm: algorithmOf(csr),
      notBefore: formatTime(notBefore),
      notAfter: formatTime(notAfter),
      raw: null,
    },
  });

const formatTime = (time: EpochMs): string => new Date(time).toISOString();

const algorithmOf = ({ publicKeyInfo: { type } }: CertificateRequest): string => (type === 'EC' ? 'ECDSA' : type);

/** Of V8, and not yet among TypeScript's types. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** A serial number may have more digits than a JavaScript number. */
const stringify = (value: unknown): string =>
  JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? rawJSON(String(member)) : member));
