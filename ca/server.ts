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
import { type ApiContext, buildApp } from './api/index.ts';
import type { CertificateStore } from './authority/index.ts';
import { type CaConfig, configInvalid } from './config/index.ts';
import { buildGeneration, type Generation, type GenerationOptions, loadConfig, logGeneration } from './generation.ts';
import { keepWarning } from './operations/issuer-expiry.ts';
import { keepPruned, type Retention } from './operations/pruning.ts';
import { openStore } from './store/index.ts';

export type CaOptions = GenerationOptions &
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
  const store = await openStore(config.database, options);
  try {
    const generation = await buildGeneration(config, store, startedAt, options);
    const current = { generation };
    const listener = await openListener(generation, () => current.generation.context, options);
    return new RunningCa(options, store, startedAt, current, listener);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What serves now; the listeners ask it with each request. */
type Current = { generation: Generation };

export class RunningCa {
  readonly #options: CaOptions;
  readonly #store: CertificateStore;
  readonly #startedAt: EpochMs;
  readonly #current: Current;
  readonly #stopping = new AbortController();
  #listener: Listener;
  #renewals = new AbortController();
  #reloading: Promise<void> = Promise.resolve();

  /** Use {@link startCa}. */
  constructor(options: CaOptions, store: CertificateStore, startedAt: EpochMs, current: Current, listener: Listener) {
    this.#options = options;
    this.#store = store;
    this.#startedAt = startedAt;
    this.#current = current;
    this.#listener = listener;
    this.#keepServerCertificate();
    void keepPruned(store, options, { ...options, signal: this.#stopping.signal });
    void keepWarning(() => current.generation.context.authority, { ...options, signal: this.#stopping.signal });
    logGeneration(current.generation, listener.address, options);
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
    const generation = await buildGeneration(config, this.#store, this.#startedAt, this.#options);
    const moves = config.address !== this.config.address;
    if (moves) {
      this.#listener = await openListener(generation, () => this.#current.generation.context, this.#options);
    } else {
      replaceSecureContext(before.server, generation.server.secureContext);
    }
    this.#current.generation = generation;
    this.#keepServerCertificate();
    if (moves) void closeListener(before, reloadGraceMs);
    logGeneration(generation, this.address, this.#options);
  }

  /** Lets requests finish for up to `graceMs`, then closes the database. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#reloading.catch(() => {}); // its failure has been told to who asked for it
    await closeListener(this.#listener, graceMs);
    await this.#store.close();
    this.#options.logger.info('stopped');
  }

  /** Renews the listener's certificate in time; starts anew for each generation. */
  #keepServerCertificate(): void {
    this.#renewals.abort();
    this.#renewals = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, this.#renewals.signal]);
    const { config, context, server } = this.#current.generation;
    const renew = async () => {
      const next = await issueServerCertificate(context.authority, config);
      if (!signal.aborted) replaceSecureContext(this.#listener.server, next.secureContext);
      return next.certificate;
    };
    void keepServerCertificate(server.certificate, renew, { ...this.#options, signal });
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
  { clock, logger }: CaOptions,
): Promise<Listener> {
  const server = createTlsServer({ secureContext, clientAuthentication: 'if-given' });
  // fastify types its server as http.Server unless every handler is made generic; it only listens to `request`
  const serverFactory: FastifyServerFactory = (handler) => server.on('request', handler) as unknown as HttpServer;
  const app = await buildApp({ context, logger, clock, serverFactory });
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
