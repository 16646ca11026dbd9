/**
 * Renewal without mutual TLS: a token signed with the certificate's own key, the chain in its header `x5cInsecure`.
 * The intermediates must be in it. For expired certificates and for CAs behind a proxy that ends TLS.
 */
import { randomHex } from '../../lib/crypto/index.ts';
import { signJwt } from '../../lib/jwt/index.ts';
import type { KeyPair } from './key-pair.ts';

const lifetimeSeconds = 5 * 60;

export function makeRenewToken({ leaf, chain, key }: KeyPair, caUrl: URL, now: number): string {
  const issuedAt = Math.floor(now / 1000);
  return signJwt({
    header: { typ: 'JWT', x5cInsecure: chain.map(({ der }) => Buffer.from(der).toString('base64')) },
    claims: {
      aud: `${caUrl.origin}/renew`,
      exp: issuedAt + lifetimeSeconds,
      iat: issuedAt,
      iss: 'step-ca-client/1.0', // what step-ca accepts beside the provisioner's name
      jti: randomHex(32),
      nbf: issuedAt,
      sub: leaf.commonName,
    },
    key,
  });
}
