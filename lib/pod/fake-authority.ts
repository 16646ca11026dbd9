/** A CA and a webhook in memory that follow a script of failures. For tests. */
import { createFakeIssuer, type FakeIssuer } from '../certificate-files/fake-issuer.ts';
import { parsePrivateKeyPem, publicKeyDer } from '../crypto/index.ts';
import { parsePem } from '../encoding/index.ts';
import { AppError, type ErrorKind } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import { parseCertificateRequest } from '../x509/index.ts';
import type { RenewalAuthority } from './index.ts';

const hour = 3_600_000;

/** What the next call of this name does instead of succeeding; shifted off the front. */
export type Script = Partial<Record<keyof RenewalAuthority, (AppError | 'ok')[]>>;

export const caError = (kind: ErrorKind, code = 'ERR_CA_REFUSED'): AppError => new AppError(code, kind, `ca: ${kind}`);

export class FakeAuthority implements RenewalAuthority {
  /** Names of the calls, in order. */
  readonly calls: string[] = [];
  /** What each grant and signature was asked for. */
  readonly requests: { readonly commonName: string; readonly sans: readonly string[]; readonly ott: string }[] = [];
  issuer: FakeIssuer;
  /** What GET /roots answers; the issuer's root unless set. */
  roots: readonly string[] | undefined;
  lifeMs = 3 * hour;
  /** How far the clock of the CA is behind. */
  datedBackMs = 0;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #script: Script;

  constructor(clock: Pick<Clock, 'now'>, script: Script = {}) {
    this.#clock = clock;
    this.#script = script;
    this.issuer = createFakeIssuer(clock.now());
  }

  fetchPinnedRoot = () => this.#answer('fetchPinnedRoot', () => this.issuer.rootPem);
  fetchRoots = () => this.#answer('fetchRoots', () => this.roots ?? [this.issuer.rootPem]);
  requestGrant = () => this.#answer('requestGrant', () => ({ ott: `ott-${this.calls.length}`, notAfter: undefined }));
  sign = (_trusted: string, csrPem: string, { ott }: { readonly ott: string }) =>
    this.#answer('sign', () => {
      const { commonName, sans, publicKeyDer: spki } = parseCertificateRequest(parsePem(csrPem)[0]?.der ?? Buffer.of());
      this.requests.push({ commonName, sans: sans.dns, ott });
      return this.#issue(spki);
    });
  renew = (set: { readonly chainPem: string; readonly keyPem: string }) =>
    this.#answer('renew', () => this.#issue(spkiOf(set.keyPem)));
  rekey = (_set: unknown, csrPem: string) =>
    this.#answer('rekey', () =>
      this.#issue(parseCertificateRequest(parsePem(csrPem)[0]?.der ?? Buffer.of()).publicKeyDer),
    );
  renewExpired = (set: { readonly keyPem: string }) =>
    this.#answer('renewExpired', () => this.#issue(spkiOf(set.keyPem)));

  #issue(spki: Uint8Array): string[] {
    const now = this.#clock.now() - this.datedBackMs;
    return this.issuer.issueChain({ notBefore: now, notAfter: now + this.lifeMs, publicKeyDer: spki });
  }

  async #answer<Value>(name: keyof RenewalAuthority, value: () => Value): Promise<Value> {
    this.calls.push(name);
    const next = this.#script[name]?.shift();
    if (next instanceof AppError) throw next;
    return value();
  }
}

const spkiOf = (keyPem: string): Buffer => publicKeyDer(parsePrivateKeyPem(keyPem));
