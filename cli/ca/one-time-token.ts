/** One-time tokens: making one with a provisioner's key, and reading what one says without verifying it. */
import { createOneTimeToken, tokenAudience } from '../../lib/jwk-provisioner/index.ts';
import { decodeJwt } from '../../lib/jwt/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../lib/x509/index.ts';
import type { Invocation } from '../command.ts';
import { badToken } from '../errors.ts';
import type { Connection } from './connection.ts';
import { openProvisioner } from './provisioner.ts';

/** What the client needs to know of a token; only the CA can tell whether it is true. */
export type TokenContents = {
  readonly subject: string;
  readonly sans: readonly string[];
  /** SHA-256 of the root to trust, when the token carries one. */
  readonly rootFingerprint: string | undefined;
  /** Origin of its audience, when that is an https address. */
  readonly caUrl: URL | undefined;
};

/** @throws {AppError} ERR_CLI_TOKEN (invalid) */
export function readToken(token: string): TokenContents {
  let claims: Record<string, unknown>;
  try {
    ({ claims } = decodeJwt(token.trim()));
  } catch {
    // the cause is dropped: it may quote the token
    throw badToken('--token: not a JSON web token', 'it has three parts joined by dots');
  }
  const { sub, sans, sha, aud } = claims;
  if (typeof sub !== 'string' || sub === '') throw badToken('--token: it names no subject');
  const audience = Array.isArray(aud) ? aud[0] : aud;
  return {
    subject: sub,
    sans: Array.isArray(sans) ? sans.filter((san) => typeof san === 'string') : [],
    rootFingerprint: typeof sha === 'string' && sha !== '' ? sha : undefined,
    caUrl: typeof audience === 'string' && /^https:/i.test(audience) ? (URL.parse(audience) ?? undefined) : undefined,
  };
}

/** What a new token shall say beyond subject and names. */
export type TokenRequest = {
  readonly subject: string;
  readonly sans: readonly string[];
  readonly now: number;
  readonly notBefore?: number | undefined;
  readonly lifetimeMs?: number | undefined;
  /** Binds the token to this request (`cnf`). */
  readonly csrDer?: Uint8Array | undefined;
  readonly extra?: Record<string, unknown>;
};

/** Chooses a provisioner, opens its key and signs a token for POST /sign. */
export async function makeSignToken(
  invocation: Invocation,
  { client, caUrl, rootsPem }: Connection,
  request: TokenRequest,
): Promise<string> {
  // several roots while one replaces the other: the bearer needs one of them
  const [root] = parseCertificateChainPem(rootsPem);
  const { name, key } = await openProvisioner(invocation, client);
  const { csrDer, subject, extra } = request;
  return createOneTimeToken(key, {
    subject,
    ...(extra && { extra }),
    ...given(request),
    issuer: name,
    audience: tokenAudience(caUrl.origin, 'sign'),
    sans: request.sans.length > 0 ? request.sans : [request.subject],
    ...(root && { rootFingerprint: fingerprint(root.der) }),
    ...(csrDer !== undefined && { csrDer }),
  });
}

/** The same for POST /revoke: its subject is the serial number, decimal. */
export async function makeRevokeToken(
  invocation: Invocation,
  { client, caUrl }: Connection,
  { serial, ...life }: { readonly serial: string } & Pick<TokenRequest, 'now' | 'notBefore' | 'lifetimeMs'>,
): Promise<string> {
  const { name, key } = await openProvisioner(invocation, client);
  return createOneTimeToken(key, {
    issuer: name,
    audience: tokenAudience(caUrl.origin, 'revoke'),
    subject: serial,
    ...given(life),
  });
}

/** Without the members that are undefined, which are absent in a token. */
const given = ({ now, notBefore, lifetimeMs }: Pick<TokenRequest, 'now' | 'notBefore' | 'lifetimeMs'>) => ({
  now,
  ...(notBefore !== undefined && { notBefore }),
  ...(lifetimeMs !== undefined && { lifetimeMs }),
});
