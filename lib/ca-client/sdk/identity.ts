/**
 * The identity of a running service: a certificate with its key, and the roots to trust, kept fresh in memory until it
 * is closed. Servers and clients take their TLS settings from it and hear of each change; a service that both serves
 * and calls uses one identity for all of them.
 *
 * At each renewal the certificate comes first, then the roots. A failure of either is tried again after growing pauses;
 * what is there stays in use meanwhile. After the end of the certificate: a new token where the service can get one,
 * else a renewal after expiry where the CA allows it.
 *
 * Keep: nothing is installed that was not checked: the certificate is for our key and leads to a root that is trusted.
 */
import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { isAppError } from '../../errors/index.ts';
import { type Logger, silentLogger } from '../../log/index.ts';
import { backoffMs, type Clock, type EpochMs, sleepUntil } from '../../time/index.ts';
import { type Certificate, fingerprint, serialDecimal } from '../../x509/index.ts';
import { jitterOf, longestRetryMs, pickRenewalTime, shortestPauseMs } from '../schedule.ts';
import type { Credential } from './credential.ts';
import { closed } from './errors.ts';
import { isStillTrusted } from './open-connections.ts';
import { type RenewalPorts, type RenewMethod, requestCredential } from './request-credential.ts';
import type { TokenContent } from './token.ts';
import { decideTrust, rootPem, type Trust, type TrustScope, without } from './trust.ts';

export type IdentityPorts = RenewalPorts & {
  readonly clock: Clock;
  /** 0 <= random < 1 */
  readonly random: () => number;
  readonly logger?: Logger | undefined;
  /** Aborted when the identity is closed; ends the exchanges of `authority`. */
  readonly stop: AbortController;
};

/** What a certificate is, without its key. */
export type CertificateInfo = {
  readonly commonName: string;
  /** Decimal. */
  readonly serial: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** Leaf, then intermediates. */
  readonly chainPem: string;
};

export type RootInfo = { readonly subject: string; readonly fingerprint: string };

/** Listeners run after the change, and what they throw is not caught. */
export type IdentityEvents = {
  /** A new certificate is in use. */
  renewed: [certificate: CertificateInfo];
  /** Other roots are trusted than before. */
  'trust-changed': [change: { readonly added: readonly RootInfo[]; readonly removed: readonly RootInfo[] }];
  /** A renewal failed and is tried again; the certificate of before stays in use. */
  'renewal-failed': [error: unknown, attempt: { readonly attempt: number; readonly waitMs: number }];
  /** The certificate has ended and there is no other: peers refuse it. Told once. */
  expired: [certificate: CertificateInfo];
};

/** TLS settings for either side of a connection; for node:tls, node:https, node:http2. */
export type TlsMaterial = { readonly cert: string; readonly key: string; readonly ca: readonly string[] };

/** Told of each change before the events are: servers and agents of this SDK. */
export type Follower = (removed: readonly Certificate[]) => void;

/** A renewal under way: of certificate and roots, or of the roots alone. */
type Running = { readonly certificateToo: boolean; readonly done: Promise<void> };

/** A clock that was set, or a machine that slept, is noticed within this time. */
const lookMs = 30_000;
const firstRetryMs = 1000;
const longestRetryWithoutCertificateMs = 60_000;

export class ServiceIdentity extends EventEmitter<IdentityEvents> {
  readonly #ports: IdentityPorts;
  readonly #log: Logger;
  readonly #method: RenewMethod;
  readonly #names: Pick<TokenContent, 'subject' | 'sans'>;
  readonly #stop: AbortController;
  readonly #followers = new Set<Follower>();
  #wake = new AbortController();
  #credential: Credential;
  #trust: Trust;
  #renewedAt: EpochMs;
  /** The roots could not be fetched after the last renewal. */
  #trustIsOld = false;
  /** Serial of the certificate that the CA refused to renew. */
  #refused: bigint | undefined;
  #expiryTold = false;
  #running: Running | undefined;
  readonly #ended: Promise<void>;

  /** Use `bootstrapIdentity`. */
  constructor(
    ports: IdentityPorts,
    start: {
      readonly credential: Credential;
      readonly trust: Trust;
      readonly names: Pick<TokenContent, 'subject' | 'sans'>;
      readonly method: RenewMethod;
    },
  ) {
    super();
    this.#ports = ports;
    this.#stop = ports.stop;
    this.#log = ports.logger ?? silentLogger;
    this.#credential = start.credential;
    this.#trust = start.trust;
    this.#names = start.names;
    this.#method = start.method;
    this.#renewedAt = ports.clock.now();
    this.#ended = this.#keepFresh();
  }

  get certificate(): CertificateInfo {
    return describe(this.#credential);
  }

  /** PEM, one root each. */
  roots(scope: TrustScope): readonly string[] {
    return this.#trust[scope].map(rootPem);
  }

  /** What a person recognises the roots by. */
  rootInfo(scope: TrustScope): readonly RootInfo[] {
    return this.#trust[scope].map(describeRoot);
  }

  /** When the certificate will be renewed, unless that fails. */
  get nextRenewal(): EpochMs {
    const { leaf } = this.#credential;
    return Math.max(pickRenewalTime(leaf, jitterOf(leaf.serial)), this.#renewedAt + shortestPauseMs(leaf));
  }

  /** What is in use now. Take it anew for each server or connection, or {@link follow} the changes. */
  tlsMaterial(scope: TrustScope): TlsMaterial {
    const { chainPem, keyPem } = this.#credential;
    return { cert: chainPem, key: keyPem, ca: this.roots(scope) };
  }

  /** Whether the certificate that this open connection began with is trusted now; see open-connections.ts. */
  isStillTrusted(socket: TLSSocket, scope: TrustScope): boolean {
    return isStillTrusted(socket, this.#trust[scope], this.#credential.intermediates, this.#ports.clock.now());
  }

  /**
   * Calls `follower` after each change of certificate or trust, until the returned function is called.
   * @throws {AppError} ERR_SDK_CLOSED (invalid)
   */
  follow(follower: Follower): () => void {
    if (this.#stop.signal.aborted) throw closed('identity');
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /**
   * Renews now, whatever is left of the certificate; an attempt that is under way is waited for instead.
   * @throws {AppError} of the CA's client; ERR_SDK_CERTIFICATE, ERR_SDK_EXPIRED, ERR_SDK_CLOSED
   */
  async renew(): Promise<void> {
    if (this.#stop.signal.aborted) throw closed('identity');
    await this.#renewOnce();
    this.#wake.abort(); // the loop looks again when the next one is due
    this.#wake = new AbortController();
  }

  /** Ends renewing, and any exchange with the CA. What is in use stays in use. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#followers.clear();
    await this.#ended;
    await this.#running?.done.catch(() => {}); // told to who asked for it
  }

  async #keepFresh(): Promise<void> {
    const { clock, random } = this.#ports;
    const { signal: stop } = this.#stop;
    for (let failures = 0; !stop.aborted; ) {
      await sleepUntil(clock, this.#trustIsOld ? 0 : this.nextRenewal, lookMs, this.#anySignal());
      if (stop.aborted) return;
      if (!this.#trustIsOld && clock.now() < this.nextRenewal) continue; // woken: another certificate has come
      try {
        await this.#renewOnce(clock.now() >= this.nextRenewal);
        failures = 0;
      } catch (error) {
        if (stop.aborted) return;
        const waitMs = backoffMs(this.#retryPolicy(), failures++, random());
        this.#complain(error, { attempt: failures, waitMs });
        await clock.sleep(waitMs, this.#anySignal());
      }
    }
  }

  #anySignal = (): AbortSignal => AbortSignal.any([this.#stop.signal, this.#wake.signal]);

  /** One at a time; whoever comes while one runs that does enough gets its outcome. */
  #renewOnce(certificateToo = true): Promise<void> {
    const before = this.#running;
    if (before && (before.certificateToo || !certificateToo)) return before.done;
    const turn = Promise.resolve(before?.done).catch(() => {}); // its failure has been told to who asked for it
    const done = turn
      .then(() => this.#renew(certificateToo))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    const running: Running = { certificateToo, done };
    this.#running = running;
    return done;
  }

  async #renew(certificateToo: boolean): Promise<void> {
    if (certificateToo) {
      this.#install(await this.#nextCredential());
      this.#trustIsOld = true;
    }
    await this.#refreshTrust();
    this.#trustIsOld = false;
  }

  async #nextCredential(): Promise<Credential> {
    const { leaf } = this.#credential;
    try {
      return await requestCredential(this.#ports, {
        credential: this.#credential,
        trust: this.#trust,
        names: this.#names,
        method: this.#method,
        refused: this.#refused === leaf.serial,
      });
    } catch (error) {
      if (isAppError(error) && error.kind === 'unauthenticated') this.#refused = leaf.serial;
      throw error;
    }
  }

  #install(credential: Credential): void {
    if (this.#stop.signal.aborted) throw closed('identity');
    this.#credential = credential;
    this.#renewedAt = this.#ports.clock.now();
    this.#refused = undefined;
    this.#expiryTold = false;
    for (const follower of this.#followers) follower([]);
    const { commonName, serial, notAfter } = this.certificate;
    this.#log.info('certificate renewed', {
      commonName,
      serial,
      ...times({ notAfter, nextRenewal: this.nextRenewal }),
    });
    this.#tell('renewed', this.certificate);
  }

  async #refreshTrust(): Promise<void> {
    const { authority, clock } = this.#ports;
    const listed = await authority.fetchRoots(this.roots('roots'));
    if (this.#stop.signal.aborted) throw closed('identity');
    const before = this.#trust;
    const { trust, kept, unreadable } = decideTrust(listed, before, this.#credential, clock.now());
    if (kept.length > 0) {
      this.#log.warn('the CA lists no root that our certificate leads to; keeping the one of before', {
        kept: kept.map(describeRoot),
      });
    }
    if (unreadable > 0) this.#log.warn('roots that cannot be read are left out', { unreadable });
    const added = without(trust.federation, before.federation);
    const removed = without(before.federation, trust.federation);
    // a root may also move between "own" and "federated"
    const moved = without(trust.roots, before.roots).length + without(before.roots, trust.roots).length;
    this.#trust = trust;
    if (added.length + removed.length + moved === 0) return;
    const removedAnywhere = [...removed, ...without(before.roots, trust.roots)];
    for (const follower of this.#followers) follower(removedAnywhere);
    const change = { added: added.map(describeRoot), removed: removed.map(describeRoot) };
    this.#log.info('trust changed', change);
    this.#tell('trust-changed', change);
  }

  #retryPolicy() {
    const { leaf } = this.#credential;
    const alive = leaf.notAfter > this.#ports.clock.now();
    return { firstMs: firstRetryMs, maxMs: alive ? longestRetryMs(leaf) : longestRetryWithoutCertificateMs };
  }

  #complain(error: unknown, attempt: { readonly attempt: number; readonly waitMs: number }): void {
    const { notAfter } = this.#credential.leaf;
    const expired = notAfter <= this.#ports.clock.now();
    const details = { ...attempt, ...times({ notAfter }), error };
    if (expired) this.#log.error('no valid certificate, and none could be had', details);
    else this.#log.warn('renewal failed, trying again', details);
    this.#tell('renewal-failed', error, attempt);
    if (!expired || this.#expiryTold) return;
    this.#expiryTold = true;
    this.#tell('expired', this.certificate);
  }

  /** In a turn of its own: what a listener throws is the service's to see, not a failed renewal. */
  #tell<Name extends keyof IdentityEvents>(name: Name, ...details: IdentityEvents[Name]): void {
    process.nextTick(() => {
      (this as EventEmitter).emit(name, ...details);
    });
  }
}

function describe({ leaf, chainPem }: Credential): CertificateInfo {
  const { commonName, notBefore, notAfter } = leaf;
  return { commonName, serial: serialDecimal(leaf), notBefore, notAfter, chainPem };
}

const describeRoot = (root: Certificate): RootInfo => ({
  subject: root.subject.text,
  fingerprint: fingerprint(root.der),
});

const times = (given: Readonly<Record<string, EpochMs>>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([name, time]) => [name, new Date(time).toISOString()]));
