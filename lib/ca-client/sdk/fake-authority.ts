/** A CA in memory that follows a script of failures, as services see it. For tests. */
import { createFakeIssuer, type FakeIssuer } from '../../certificate-files/fake-issuer.ts';
import { parsePrivateKeyPem, publicKeyDer } from '../../crypto/index.ts';
import { parsePem } from '../../encoding/index.ts';
import { AppError, type ErrorKind } from '../../errors/index.ts';
import type { Clock } from '../../time/index.ts';
import { parseCertificateRequest } from '../../x509/index.ts';
import type { SdkAuthority } from './authority.ts';
import type { Credential } from './credential.ts';
import type { ListedRoots } from './trust.ts';

const hour = 3_600_000;

/** What the next call of this name does instead of succeeding; shifted off the front. */
export type Script = Partial<Record<keyof SdkAuthority, (AppError | 'ok')[]>>;

export const caError = (kind: ErrorKind, code = 'ERR_CA_REFUSED'): AppError => new AppError(code, kind, `ca: ${kind}`);

export class FakeSdkAuthority implements SdkAuthority {
  /** Names of the calls, in order. */
  readonly calls: string[] = [];
  /** Tokens that /sign was called with. */
  readonly tokens: string[] = [];
  /** How many roots each call was made with. */
  readonly trusted: number[] = [];
  issuer: FakeIssuer;
  /** What GET /roots and /federation answer; the issuer's root unless set. */
  listed: ListedRoots | undefined;
  lifeMs = 3 * hour;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #script: Script;

  constructor(clock: Pick<Clock, 'now'>, script: Script = {}) {
    this.#clock = clock;
    this.#script = script;
    this.issuer = createFakeIssuer(clock.now());
  }

  fetchPinnedRoot = () => this.#answer('fetchPinnedRoot', [], () => this.issuer.rootPem);
  fetchRoots = (trusted: readonly string[]) => {
    const own = [this.issuer.rootPem];
    return this.#answer('fetchRoots', trusted, () => this.listed ?? { roots: own, federation: own });
  };
  sign = (trusted: readonly string[], csrPem: string, ott: string) =>
    this.#answer('sign', trusted, () => {
      this.tokens.push(ott);
      return this.#issue(keyOfRequest(csrPem));
    });
  renew = (trusted: readonly string[], { keyPem }: Credential) =>
    this.#answer('renew', trusted, () => this.#issue(publicKeyDer(parsePrivateKeyPem(keyPem))));
  rekey = (trusted: readonly string[], _credential: Credential, csrPem: string) =>
    this.#answer('rekey', trusted, () => this.#issue(keyOfRequest(csrPem)));
  renewExpired = (trusted: readonly string[], { keyPem }: Credential) =>
    this.#answer('renewExpired', trusted, () => this.#issue(publicKeyDer(parsePrivateKeyPem(keyPem))));

  #issue(spki: Uint8Array): string[] {
    const now = this.#clock.now();
    return this.issuer.issueChain({ notBefore: now, notAfter: now + this.lifeMs, publicKeyDer: spki });
  }

  async #answer<Value>(name: keyof SdkAuthority, trusted: readonly string[], value: () => Value): Promise<Value> {
    this.calls.push(name);
    this.trusted.push(trusted.length);
    const next = this.#script[name]?.shift();
    if (next instanceof AppError) throw next;
    return value();
  }
}

const keyOfRequest = (csrPem: string): Buffer =>
  parseCertificateRequest(parsePem(csrPem)[0]?.der ?? Buffer.of()).publicKeyDer;
