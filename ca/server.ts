/**
 * A running CA: store open, listener up; reload and stop. The order of starting is the order of failing early: files,
 * keys, names, then the port, so that a taken port never leaves a half started server.
 *
 * Keep: a reload builds everything anew and swaps it in one step; when any part fails, the old one goes on unchanged.
 */
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:https';
import type { FastifyInstance, FastifyServerFactory } from 'fastify';
import {
  closeGracefully,
  createTlsServer,
  formatListenAddress,
  listen,
  replaceSecureContext,
} from '../lib/http/index.ts';
import type { EpochMs } from '../lib/time/index.ts';
import { fingerprint } from '../lib/x509/index.ts';
import { issueServerCertificate, keepServerCertificate } from './adapters/server-certificate.ts';
import { type ApiContext, type AppOptions, buildApp, coreRoutes } from './api/index.ts';
import type { CertificateStore } from './authority/index.ts';
import { type CaConfig, configInvalid } from './config/index.ts';
import { buildGeneration, type Generation, type GenerationOptions, loadConfig, logGeneration } from './generation.ts';
import { Metrics } from './metrics.ts';
import { keepWarning, listEnds } from './operations/issuer-expiry.ts';
import { keepPruned, type Retention } from './operations/pruning.ts';
import { SideListeners } from './side-listeners.ts';
import { openStore } from './store/index.ts';

export type CaOptions = Omit<GenerationOptions, 'meter'> &
  Pick<AppOptions, 'logRequest'> &
  Retention & {
    /** Math.random, for jitter. */
    readonly random: () => number;
  };

/** Requests in flight of a listener that a reload replaced. */
const reloadGraceMs = 60_000;

type Listener = { readonly server: Server; readonly app: FastifyInstance; readonly address: string };

/** @throws {AppError} of kind `unavailable` for the port or the database, of another kind for the configuration */
export async function startCa(options: CaOptions): Promise<RunningCa> {
  const startedAt = options.clock.now();
  const config = await loadConfig(options);
  const metrics = new Metrics(options.clock);
  const store = await openStore(config.database, options);
  try {
    const generation = await buildGeneration(config, store, startedAt, { ...options, meter: metrics.meter });
    const current = { generation };
    const context = () => current.generation.context;
    const sides = new SideListeners({
      ...options,
      context,
      renderMetrics: () => metrics.render(listEnds(context().authority), store.ready()),
    });
    const prepared = await sides.prepare(config);
    try {
      const listener = await openListener(generation, context, options);
      prepared.commit(0);
      return new RunningCa({ options, store, startedAt, metrics, current, sides }, listener);
    } catch (error) {
      await prepared.abandon();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What serves now; the listeners ask it with each request. */
type Current = { generation: Generation };

type Parts = {
  readonly options: CaOptions;
  readonly store: CertificateStore;
  readonly startedAt: EpochMs;
  readonly metrics: Metrics;
  readonly current: Current;
  readonly sides: SideListeners;
};

export class RunningCa {
  readonly #options: CaOptions;
  readonly #store: CertificateStore;
  readonly #startedAt: EpochMs;
  readonly #metrics: Metrics;
  readonly #current: Current;
  readonly #sides: SideListeners;
  readonly #stopping = new AbortController();
  #listener: Listener;
  #upkeep = new AbortController();
  #reloading: Promise<void> = Promise.resolve();

  /** Use {@link startCa}. */
  constructor({ options, store, startedAt, metrics, current, sides }: Parts, listener: Listener) {
    this.#options = options;
    this.#store = store;
    this.#startedAt = startedAt;
    this.#metrics = metrics;
    this.#current = current;
    this.#sides = sides;
    this.#listener = listener;
    this.#keepUp();
    const { signal } = this.#stopping;
    void keepPruned(store, options, { ...options, signal });
    void keepWarning(() => current.generation.context.authority, { ...options, signal });
    this.#logGeneration();
  }

  /** `host:port` that is bound. */
  get address(): string {
    return this.#listener.address;
  }

  get config(): CaConfig {
    return this.#current.generation.config;
  }

  get rootFingerprints(): string[] {
    return this.#current.generation.context.authority.roots.map(({ der }) => fingerprint(der));
  }

  /**
   * Reads the file again; one reload at a time.
   * @throws {AppError} when it cannot be used; the old configuration goes on
   */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.catch(() => {}).then(() => this.#reload());
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const before = this.#listener;
    const config = await loadConfig(this.#options);
    requireSameDatabase(this.config, config);
    const options = { ...this.#options, meter: this.#metrics.meter };
    const generation = await buildGeneration(config, this.#store, this.#startedAt, options);
    const moves = config.address !== this.config.address;
    const sides = await this.#sides.prepare(config);
    try {
      if (moves) this.#listener = await openListener(generation, () => this.#current.generation.context, this.#options);
    } catch (error) {
      await sides.abandon();
      throw error;
    }
    if (!moves) replaceSecureContext(before.server, generation.server.secureContext);
    this.#current.generation = generation;
    sides.commit(reloadGraceMs);
    this.#keepUp();
    if (moves) void closeListener(before, reloadGraceMs);
    this.#logGeneration();
  }

  /** Lets requests finish for up to `graceMs`, then closes the database. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#reloading.catch(() => {}); // its failure has been told to who asked for it
    await Promise.all([closeListener(this.#listener, graceMs), this.#sides.close(graceMs)]);
    await this.#store.close();
    this.#options.logger.info('stopped');
  }

  /** Renews the listener's certificate and the revocation list in time; starts anew for each generation. */
  #keepUp(): void {
    this.#upkeep.abort();
    this.#upkeep = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, this.#upkeep.signal]);
    const generation = this.#current.generation;
    const { config, context } = generation;
    const renew = async () => {
      const next = await issueServerCertificate(context.authority, config);
      generation.server = next;
      if (!signal.aborted) replaceSecureContext(this.#listener.server, next.secureContext);
      return next.certificate;
    };
    void keepServerCertificate(generation.server.certificate, renew, { ...this.#options, signal });
    void context.authority.revocationLists?.keep({ ...this.#options, signal });
  }

  #logGeneration(): void {
    const addresses = { address: this.address, ...this.#sides.addresses };
    logGeneration(this.#current.generation, addresses, this.#options);
  }
}

function requireSameDatabase({ database: old }: CaConfig, { database: next }: CaConfig): void {
  const same = old?.type === next?.type && old?.dataSource === next?.dataSource && old?.database === next?.database;
  if (same) return;
  throw configInvalid('db', 'cannot be changed by a reload', 'restart the server');
}

async function openListener(
  { config, server: { secureContext } }: Generation,
  context: () => ApiContext,
  { clock, logRequest }: CaOptions,
): Promise<Listener> {
  const server = createTlsServer({ secureContext, clientAuthentication: 'if-given' });
  // fastify types its server as http.Server unless every handler is made generic; it only listens to `request`
  const serverFactory: FastifyServerFactory = (handler) => server.on('request', handler) as unknown as HttpServer;
  const app = await buildApp({ context, logRequest, clock, serverFactory, routes: coreRoutes });
  try {
    return { server, app, address: formatListenAddress(await listen(server, config.address)) };
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function closeListener({ server, app }: Listener, graceMs: number): Promise<void> {
  await closeGracefully(server, graceMs);
  await app.close();
}
