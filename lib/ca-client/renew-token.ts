/**
 * A renewal token (step-ca's `x5cInsecure`): proves possession of a certificate's key without TLS, so that a
 * certificate can be renewed after it has expired, where the CA allows that. Pure but for the token's random id.
 */
import { parsePrivateKeyPem, randomHex } from '../crypto/index.ts';
import { signJwt } from '../jwt/index.ts';
import type { EpochMs } from '../time/index.ts';
import { parseCertificateChainPem } from '../x509/index.ts';

const lifetimeSeconds = 300;

export type RenewTokenRequest = {
  /** Leaf and intermediates, PEM: without the intermediate the CA refuses it. */
  readonly chainPem: string;
  readonly keyPem: string;
  readonly caUrl: URL;
  readonly now: EpochMs;
};

/** Works once. A secret. @throws {AppError} ERR_PEM, ERR_CERTIFICATE, ERR_KEY_FORMAT (invalid) */
export function createRenewToken({ chainPem, keyPem, caUrl, now }: RenewTokenRequest): string {
  const chain = parseCertificateChainPem(chainPem);
  const issuedAt = Math.floor(now / 1000);
  return signJwt({
    header: { typ: 'JWT', x5cInsecure: chain.map(({ der }) => der.toString('base64')) },
    claims: {
      aud: new URL('/renew', caUrl).href,
      exp: issuedAt + lifetimeSeconds,
      iat: issuedAt,
      iss: 'step-ca-client/1.0', // the one issuer that a CA takes beside the provisioner's name
      jti: randomHex(32),
      nbf: issuedAt,
      sub: chain[0]?.commonName ?? '',
    },
    key: parsePrivateKeyPem(keyPem),
  });
}
