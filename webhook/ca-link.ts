/**
 * The webhook's standing with the CA: roots and password from their files, the provisioner key in memory, the serving
 * certificate. One loop brings all of it into order and keeps it there:
 *
 *   read files ─▶ list provisioners ─▶ open the key ─▶ get the serving certificate ─▶ wait ─▶ again
 *
 * A CA that is late or away makes the loop try again with growing waits; what was reached before stays in use. Files are
 * compared every ten seconds (mounted ConfigMaps and Secrets change by a swapped link), the provisioner list is read
 * every minute and whenever the CA refuses a token of ours.
 *
 * Keep: `mint` never waits and never calls the CA, because it runs inside an admission.
 */
import type { ListedProvisioner } from '../lib/ca-client/index.ts';
import { encodePem } from '../lib/encoding/index.ts';
import { describeError, isAppError } from '../lib/errors/index.ts';
import { createOneTimeToken, type ProvisionerKey, tokenAudience } from '../lib/jwk-provisioner/index.ts';
import type { Logger } from '../lib/log/index.ts';
import { type BackoffPolicy, backoffMs, type Clock, type EpochMs } from '../lib/time/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem } from '../lib/x509/index.ts';
import { fileUnreadable, notReady, rootsInvalid, servingCertificateExpired } from './errors.ts';
import type { CertificateAuthority, FileReader } from './ports.ts';
import { type Lifetimes, openProvisionerKey, selectProvisioners, type WantedProvisioner } from './provisioner.ts';
import type { CheckName, Readiness } from './readiness.ts';
import {
  pickRenewalTime,
  requestServingCertificate,
  type ServingCertificate,
  type ServingNames,
} from './serving-certificate.ts';
import { tokenLifetimeMs } from './tokens/token-secret.ts';

/** Settings of {@link CaLink}, from the configuration and the environment. */
export type CaLinkSettings = {
  readonly caUrl: string;
  readonly rootCAPath: string;
  readonly provisionerPasswordPath: string;
  readonly provisioner: WantedProvisioner;
  readonly servingNames: ServingNames;
};

export type CaLinkDeps = {
  readonly files: FileReader;
  /** A client that trusts these roots (PEM) only. */
  connect(rootsPem: readonly string[], signal: AbortSignal): CertificateAuthority;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly readiness: Readiness;
  /** A new serving certificate is there. Called before the loop goes on. */
  onServingCertificate(certificate: ServingCertificate): void;
  onCaError(code: string): void;
};

/** Names a token is for. With `csrDer` it works for that request only. */
export type TokenRequest = { readonly subject: string; readonly sans: readonly string[]; readonly csrDer?: Buffer };

export type MintedToken = { readonly token: string; readonly expiresAt: EpochMs };

/** Both files as last read, and what they mean. */
type Trust = {
  readonly file: string;
  readonly password: string;
  readonly roots: readonly Certificate[];
  readonly bundlePem: string;
};

const fileLookMs = 10_000;
const provisionerLookMs = 60_000;
const retry: BackoffPolicy = { firstMs: 500, maxMs: 10_000 };

export class CaLink {
  readonly #settings: CaLinkSettings;
  readonly #deps: CaLinkDeps;
  #trust: Trust | undefined;
  /** Asked for at each admission, and the same until the root changes. */
  #fingerprint: { readonly root: Certificate; readonly hex: string } | undefined;
  #fileProblem: string | undefined;
  #key: ProvisionerKey | undefined;
  /** The password that opened the key: another one in the file means a key to open anew. */
  #keyPassword: string | undefined;
  #certificate: (ServingCertificate & { readonly renewAt: EpochMs }) | undefined;
  #lifetimes: Lifetimes | undefined;
  #nextProvisionerLook: EpochMs = 0;
  #rootsChanged = new AbortController();

  constructor(settings: CaLinkSettings, deps: CaLinkDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Works until `signal` aborts. Never rejects because of the CA or a file. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        await this.#bringIntoOrder(signal);
        failures = 0;
        waitMs = Math.min(fileLookMs, Math.max((this.#certificate?.renewAt ?? 0) - clock.now(), 0));
      } catch (error) {
        if (signal.aborted) return;
        if (isAppError(error) && /^ERR_CA_/.test(error.code)) this.#deps.onCaError(error.code);
        waitMs = backoffMs(retry, failures++, random());
        log.warn('not in order with the CA, trying again', { error, retryInMs: waitMs });
      }
      await clock.sleep(waitMs, signal);
    }
  }

  /**
   * A one-time token. A secret.
   *
   * @throws {AppError} ERR_NOT_READY (unavailable) until the provisioner key is open
   */
  mint(request: TokenRequest): MintedToken {
    const now = this.#deps.clock.now();
    const { provisioner, caUrl } = this.#settings;
    if (!this.#key) throw notReady(this.#deps.readiness.report().why ?? 'the provisioner key is not open');
    const token = createOneTimeToken(this.#key, {
      ...request,
      issuer: provisioner.name,
      audience: tokenAudience(caUrl, 'sign'),
      rootFingerprint: this.fingerprint(),
      now,
      lifetimeMs: tokenLifetimeMs,
    });
    return { token, expiresAt: now + tokenLifetimeMs };
  }

  /**
   * SHA-256, in hex, of the root that the CA's chain leads to: pods fetch it by this.
   *
   * @throws {AppError} ERR_NOT_READY (unavailable) until the root file has been read
   */
  fingerprint(): string {
    const root = this.#certificate?.root ?? this.#trust?.roots[0];
    if (!root) throw notReady(this.#deps.readiness.report().why ?? 'the root is not there');
    if (this.#fingerprint?.root !== root) this.#fingerprint = { root, hex: fingerprint(root.der) };
    return this.#fingerprint.hex;
  }

  /** Lifetimes that our provisioner gives, where the CA told. */
  lifetimes(): Lifetimes | undefined {
    return this.#lifetimes;
  }

  /** All roots in PEM, as the caBundle of our registration wants them. */
  readonly roots = {
    current: (): string | undefined => this.#trust?.bundlePem,
    /** Aborts when `current` has changed. */
    changed: (): AbortSignal => this.#rootsChanged.signal,
  };

  async #bringIntoOrder(signal: AbortSignal): Promise<void> {
    const { clock, readiness } = this.#deps;
    this.#noticeExpiry();
    const trust = await this.#currentTrust();
    const rootsPem = trust.roots.map(({ der }) => encodePem('CERTIFICATE', der));
    const authority = this.#deps.connect(rootsPem, signal);
    if (!this.#key || clock.now() >= this.#nextProvisionerLook) {
      const listed = await this.#step(this.#key ? ['ca'] : ['ca', 'provisionerKey'], () => authority.provisioners());
      readiness.pass('ca');
      await this.#refreshKey(authority, listed, trust.password);
      this.#nextProvisionerLook = clock.now() + provisionerLookMs;
    }
    if (this.#certificateIsDue(trust)) await this.#refreshCertificate(authority, trust);
  }

  /** Both files as they are; as they were, while they cannot be used. */
  async #currentTrust(): Promise<Trust> {
    try {
      const trust = await this.#readTrust();
      this.#fileProblem = undefined;
      return trust;
    } catch (error) {
      if (!this.#trust) {
        this.#deps.readiness.fail('provisionerKey', error);
        throw error;
      }
      const problem = describeError(error);
      if (problem !== this.#fileProblem)
        this.#deps.log.error('mounted files cannot be used, keeping the old', { error });
      this.#fileProblem = problem; // said once, not every ten seconds
      return this.#trust;
    }
  }

  /** Reads both files. What changed makes the rest look again. */
  async #readTrust(): Promise<Trust> {
    const { rootCAPath, provisionerPasswordPath } = this.#settings;
    const file = await this.#read('rootCAPath', rootCAPath);
    // Right-trimmed as upstream: editors end a file with a line feed.
    const password = (await this.#read('provisionerPasswordPath', provisionerPasswordPath)).trimEnd();
    const known = this.#trust;
    if (known?.file === file && known.password === password) return known;
    const roots = parseRoots(rootCAPath, file);
    const trust: Trust = {
      file,
      roots,
      password,
      bundlePem: roots.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
    };
    this.#trust = trust;
    this.#nextProvisionerLook = 0;
    if (known?.bundlePem !== trust.bundlePem) {
      this.#deps.log.info('roots read', { roots: roots.length });
      this.#rootsChanged.abort();
      this.#rootsChanged = new AbortController();
    }
    return trust;
  }

  async #read(setting: string, path: string): Promise<string> {
    try {
      return await this.#deps.files.readText(path);
    } catch (error) {
      throw fileUnreadable(setting, path, error);
    }
  }

  async #refreshKey(
    authority: CertificateAuthority,
    listed: readonly ListedProvisioner[],
    password: string,
  ): Promise<void> {
    const { readiness, log } = this.#deps;
    try {
      const candidates = selectProvisioners(listed, this.#settings.provisioner);
      const known = candidates.some(({ kid }) => kid === this.#key?.kid);
      if (!known || this.#keyPassword !== password) {
        this.#key = await openProvisionerKey(authority, candidates, password);
        this.#keyPassword = password;
        log.info('provisioner key opened', { provisioner: this.#settings.provisioner.name, kid: this.#key.kid });
      }
      this.#lifetimes = candidates.find(({ kid }) => kid === this.#key?.kid)?.lifetimes;
      readiness.pass('provisionerKey');
    } catch (error) {
      // The CA answered, and this key is none of its keys any more: its tokens would only fail later, in a pod.
      this.#key = undefined;
      readiness.fail('provisionerKey', error);
      throw error;
    }
  }

  #certificateIsDue(trust: Trust): boolean {
    const certificate = this.#certificate;
    if (!certificate || this.#deps.clock.now() >= certificate.renewAt) return true;
    return !trust.roots.some(({ der }) => der.equals(certificate.root.der));
  }

  async #refreshCertificate(authority: CertificateAuthority, trust: Trust): Promise<void> {
    const { clock, random, readiness, log } = this.#deps;
    const { servingNames } = this.#settings;
    const mint = (request: TokenRequest): string => this.mint(request).token;
    try {
      const work = () => requestServingCertificate(authority, mint, servingNames, trust.roots, () => clock.now());
      const alive = this.#certificate && clock.now() < this.#certificate.notAfter;
      const issued = await this.#step(alive ? ['ca'] : ['ca', 'servingCertificate'], work);
      // Counted from now: a CA dates certificates back by a minute, which is most of the life of a short one.
      const renewAt = pickRenewalTime({ from: clock.now(), notAfter: issued.notAfter }, random());
      this.#certificate = { ...issued, renewAt };
      this.#deps.onServingCertificate(issued);
      readiness.pass('ca');
      readiness.pass('servingCertificate');
      log.info('serving certificate issued', {
        names: servingNames,
        notAfter: new Date(issued.notAfter).toISOString(),
      });
    } catch (error) {
      if (isAppError(error) && error.kind === 'unauthenticated') this.#nextProvisionerLook = 0;
      throw error;
    }
  }

  #noticeExpiry(): void {
    const certificate = this.#certificate;
    if (certificate && this.#deps.clock.now() >= certificate.notAfter) {
      this.#deps.readiness.fail('servingCertificate', servingCertificateExpired());
    }
  }

  /** Does a part of the work; when it fails, the named checks say why. */
  async #step<T>(checks: readonly CheckName[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      for (const check of checks) this.#deps.readiness.fail(check, error);
      throw error;
    }
  }
}

function parseRoots(path: string, text: string): readonly Certificate[] {
  try {
    const roots = parseCertificateChainPem(text);
    if (roots.length > 0) return roots;
  } catch (error) {
    throw rootsInvalid(path, error);
  }
  throw rootsInvalid(path, 'it holds no certificate');
}
