/**
 * Client of the HTTP API of step-ca and of our own CA. Each method is a request (`transport.ts`) and the judgement of
 * its answer (`answers.ts`). It holds no connection and needs no closing.
 *
 * Paths are without the `/1.0` prefix, as the step CLI calls them. A client certificate is shown on every call of a
 * client that has one, so give it only to clients that renew: a CA refuses the whole handshake when it has expired.
 */
import { createHash, randomUUID } from 'node:crypto';
import { parseCertificatePem } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import { parseCaUrl, parseFingerprint } from './addresses.ts';
import * as answers from './answers.ts';
import { type Call, fingerprintMismatch, malformedAnswer } from './errors.ts';
import type { KeptConnection } from './kept-connection.ts';
import { exchange, type HttpAnswer, type HttpRequest, type TlsIdentity } from './transport.ts';

export type CaClientOptions = {
  readonly url: string | URL;
  /** PEM, the only roots that are trusted. */
  readonly roots: readonly string[];
  readonly clientCertificate?: TlsIdentity['clientCertificate'];
  readonly userAgent?: string | undefined;
  /** For each whole exchange; 15 s unless given, as the step CLI. */
  readonly timeoutMs?: number | undefined;
  /** Ends every exchange of this client. */
  readonly signal?: AbortSignal | undefined;
  /** Carries all exchanges, one after another; without one, each has a connection of its own. */
  readonly connection?: KeptConnection | undefined;
};

export type SignRequest = {
  /** PEM. */
  readonly csr: string;
  /** One-time token. A secret. */
  readonly ott: string;
  /** RFC 3339 or a Go duration. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Any JSON; custom certificate templates see it as `.Insecure.User`. */
  readonly templateData?: unknown;
};

export type RevokeRequest = {
  /** Decimal, or hex with 0x. */
  readonly serial: string;
  /** Token with the revoke audience; without one, the client certificate is the credential. */
  readonly ott?: string;
  readonly reasonCode?: number;
  readonly reason?: string;
};

const defaultUserAgent = 'autocert';
const defaultTimeoutMs = 15_000;
/** The largest page a CA gives. */
const provisionersPerPage = 100;
/** A CA that never ends its list must not hold us for ever. */
const maxProvisionerPages = 1000;

/** @throws every method: the errors of {@link exchange}, ERR_CA_REFUSED by status, ERR_CA_ANSWER */
export class CaClient {
  readonly url: URL;
  readonly #options: CaClientOptions;

  /** @throws {AppError} ERR_CA_URL (invalid) */
  constructor(options: CaClientOptions) {
    this.url = parseCaUrl(String(options.url));
    this.#options = options;
  }

  health = async () => answers.processHealth(...(await this.#get('health', '/health')));

  version = async () => answers.processVersion(...(await this.#get('version', '/version')));

  /** PEM of the root with this fingerprint, which is compared. @throws {AppError} ERR_CA_FINGERPRINT (forbidden) */
  async root(fingerprint: string): Promise<string> {
    const wanted = parseFingerprint(fingerprint);
    const pem = answers.processRoot(...(await this.#get('root', `/root/${wanted}`)));
    return expectFingerprint(pem, wanted, this.url.origin);
  }

  roots = async () => answers.processCertificates(...(await this.#get('roots', '/roots')));

  /** Own and federated roots. */
  federation = async () => answers.processCertificates(...(await this.#get('federation', '/federation')));

  intermediates = async () => answers.processCertificates(...(await this.#get('intermediates', '/intermediates')));

  /** All provisioners, page by page. */
  async provisioners(): Promise<answers.ListedProvisioner[]> {
    const all: answers.ListedProvisioner[] = [];
    let cursor = '';
    for (let page = 0; page < maxProvisionerPages; page++) {
      const query = new URLSearchParams({ ...(cursor === '' ? {} : { cursor }), limit: String(provisionersPerPage) });
      const [call, answer] = await this.#get('provisioners', `/provisioners?${query}`);
      const { provisioners, nextCursor } = answers.processProvisioners(call, answer);
      all.push(...provisioners);
      if (nextCursor === '' || nextCursor === cursor) return all;
      cursor = nextCursor;
    }
    throw malformedAnswer(this.#call('provisioners'), `the list has more than ${maxProvisionerPages} pages`);
  }

  /** Compact JWE of a JWK provisioner's private key. */
  async encryptedKey(kid: string): Promise<string> {
    const path = `/provisioners/${encodeURIComponent(kid)}/encrypted-key`;
    return answers.processEncryptedKey(...(await this.#get('encrypted key', path)));
  }

  async sign(request: SignRequest): Promise<answers.IssuedCertificate> {
    return answers.processIssued(...(await this.#post('sign', '/sign', request)));
  }

  /** Renews the client certificate of this client, for the same key. */
  async renew(): Promise<answers.IssuedCertificate> {
    return answers.processIssued(...(await this.#post('renew', '/renew', undefined)));
  }

  /** Renews by a renew token (header `x5cInsecure`), which works after expiry where the CA allows that. */
  async renewWithToken(token: string): Promise<answers.IssuedCertificate> {
    const headers = { Authorization: `Bearer ${token}` };
    return answers.processIssued(...(await this.#post('renew', '/renew', undefined, headers)));
  }

  /** Renews the client certificate of this client, for the key of the CSR (PEM); its names are ignored. */
  async rekey(csrPem: string): Promise<answers.IssuedCertificate> {
    return answers.processIssued(...(await this.#post('rekey', '/rekey', { csr: csrPem })));
  }

  /** Revokes passively: the certificate can no longer be renewed. */
  async revoke(request: RevokeRequest): Promise<void> {
    answers.processRevoked(...(await this.#post('revoke', '/revoke', { ott: '', ...request, passive: true })));
  }

  #get(operation: string, path: string): Promise<[Call, HttpAnswer]> {
    return this.#exchange(operation, { method: 'GET', url: new URL(path, this.url) });
  }

  #post(operation: string, path: string, body: unknown, headers = {}): Promise<[Call, HttpAnswer]> {
    return this.#exchange(operation, {
      method: 'POST',
      url: new URL(path, this.url),
      headers: { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? '' : JSON.stringify(body),
    });
  }

  async #exchange(
    operation: string,
    http: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>,
  ): Promise<[Call, HttpAnswer]> {
    const { roots, clientCertificate, userAgent, timeoutMs, signal, connection } = this.#options;
    const call = this.#call(operation);
    const answer = await exchange(call, {
      ...http,
      headers: { ...commonHeaders(userAgent), ...http.headers },
      tls: { roots, clientCertificate },
      timeoutMs: timeoutMs ?? defaultTimeoutMs,
      signal,
      connection,
    });
    return [call, answer];
  }

  #call(operation: string): Call {
    return { peer: 'ca', operation, origin: this.url.origin };
  }
}

/** Optional parts of a single exchange. */
export type ExchangeOptions = Pick<CaClientOptions, 'userAgent' | 'timeoutMs' | 'signal' | 'connection'>;

/**
 * The root of a CA that is not trusted yet: fetched without looking at the server's certificate, then compared with
 * the fingerprint, which is what makes it trustworthy. A connection that is kept is then good for requests that trust
 * this root.
 * @returns PEM
 * @throws {AppError} ERR_CA_FINGERPRINT (forbidden), ERR_FINGERPRINT_FORMAT (invalid), and those of {@link CaClient}
 */
export async function fetchRootByFingerprint(
  url: string | URL,
  fingerprint: string,
  options: ExchangeOptions = {},
): Promise<string> {
  const wanted = parseFingerprint(fingerprint);
  const base = parseCaUrl(String(url));
  const call: Call = { peer: 'ca', operation: 'root', origin: base.origin };
  const answer = await exchange(call, {
    method: 'GET',
    url: new URL(`/root/${wanted}`, base),
    headers: commonHeaders(options.userAgent),
    tls: { roots: 'unverified' },
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    signal: options.signal,
    connection: options.connection,
  });
  const pem = expectFingerprint(answers.processRoot(call, answer), wanted, base.origin);
  options.connection?.vouch([pem], hostOf(base));
  return pem;
}

/**
 * Every root of a CA that is not trusted yet, the one with the fingerprint first: all of them in one question, which the
 * connection then vouches for. Undefined when that is not to be had this way, for whatever reason; then ask for the one
 * root and, trusting it, for the others.
 */
export async function fetchRootsByFingerprint(
  url: string | URL,
  fingerprint: string,
  options: ExchangeOptions & { readonly connection: KeptConnection },
): Promise<readonly [string, ...string[]] | undefined> {
  const wanted = parseFingerprint(fingerprint);
  const base = parseCaUrl(String(url));
  const call: Call = { peer: 'ca', operation: 'roots', origin: base.origin };
  try {
    const answer = await exchange(call, {
      method: 'GET',
      url: new URL('/roots', base),
      headers: commonHeaders(options.userAgent),
      tls: { roots: 'unverified' },
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      signal: options.signal,
      connection: options.connection,
    });
    const roots = answers.processCertificates(call, answer);
    const pinned = roots.find((pem) => fingerprintOf(pem) === wanted);
    if (pinned === undefined || !options.connection.vouch([pinned], hostOf(base))) return undefined;
    return [pinned, ...roots.filter((pem) => pem !== pinned)];
  } catch (error) {
    if (isAppError(error) && error.code !== 'ERR_CA_UNREACHABLE' && error.code !== 'ERR_CANCELLED') return undefined;
    throw error;
  }
}

/** As it stands in certificates: an IPv6 address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * Asks the webhook for a one-time token, with the pod's ServiceAccount token as proof.
 * @param url `https://…/v1/bootstrap`
 * @throws {AppError} ERR_BOOTSTRAP_REFUSED by status, and those of {@link exchange}
 */
export async function requestBootstrap(
  url: string | URL,
  request: { readonly roots: readonly string[]; readonly token: string; readonly csrPem: string },
  options: ExchangeOptions = {},
): Promise<answers.BootstrapGrant> {
  const { origin } = parseCaUrl(String(url));
  const call: Call = { peer: 'webhook', operation: 'bootstrap', origin };
  const answer = await exchange(call, {
    method: 'POST',
    url: new URL(new URL(url).pathname, origin),
    headers: {
      ...commonHeaders(options.userAgent),
      'Content-Type': 'application/json',
      Authorization: `Bearer ${request.token}`,
    },
    body: JSON.stringify({ csr: request.csrPem }),
    tls: { roots: request.roots },
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    signal: options.signal,
  });
  return answers.processBootstrap(call, answer);
}

const commonHeaders = (userAgent = defaultUserAgent): Record<string, string> => ({
  Accept: 'application/json',
  'User-Agent': userAgent,
  'X-Request-Id': randomUUID(),
});

const fingerprintOf = (pem: string): string =>
  createHash('sha256')
    .update(parseCertificatePem(pem)[0] ?? '')
    .digest('hex');

function expectFingerprint(pem: string, wanted: string, origin: string): string {
  const found = fingerprintOf(pem);
  if (found !== wanted) throw fingerprintMismatch(origin, wanted, found);
  return pem;
}
