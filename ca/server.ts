/**
 * A running CA: configuration and keys loaded, store open, listener up; reload and stop. The order of starting is the
 * order of failing early: files, keys, names, then the port, so that a taken port never leaves a half started server.
 *
 * Keep: a reload builds everything anew and swaps it in one step; when any part fails, the old one goes on unchanged.
 * The start time stays over a reload, so that tokens made before it are still good.
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
import type { Logger } from '../lib/log/index.ts';
import type { Clock } from '../lib/time/index.ts';
import { fingerprint } from '../lib/x509/index.ts';
import { loadCertificates, loadKey, readText } from './adapters/files.ts';
import {
  issueServerCertificate,
  keepServerCertificate,
  type ServerCertificate,
} from './adapters/server-certificate.ts';
import { type ApiContext, buildApp } from './api/index.ts';
import { Authority, type CertificateStore } from './authority/index.ts';
import { type CaConfig, configInvalid, parseCaConfig } from './config/index.ts';
import { openStore } from './store/index.ts';

export type CaOptions = {
  readonly configPath: string;
  /** Password of the issuing key; goes before the one in ca.json. */
  readonly password: string | undefined;
  /** Asked when the issuing key is encrypted and its password is nowhere else. */
  readonly askPassword: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
};

export type RunningCa = {
  /** `host:port` that is bound. */
  readonly address: string;
  readonly config: CaConfig;
  readonly rootFingerprints: readonly string[];
  /** Reads the file again. @throws {AppError} when it cannot be used; the old configuration goes on */
  reload(): Promise<void>;
  /** Lets requests finish for up to `graceMs`, then closes the database. */
  stop(graceMs: number): Promise<void>;
};

/** Version of step-ca whose API this is. */
export const stepCaVersion = '0.30.2';

/** Requests in flight of a listener that a reload replaced. */
const reloadGraceMs = 60_000;
/** Ended tokens are kept this much longer, against a clock that is set back. */
const tokenMemoryMs = 24 * 60 * 60 * 1000;
const pruneEveryMs = 60 * 60 * 1000;

/** Everything that a reload replaces. */
type Generation = {
  readonly config: CaConfig;
  readonly context: ApiContext;
  readonly server: ServerCertificate;
};

type Listener = { readonly server: Server; readonly app: FastifyInstance; readonly address: string };

/** @throws {AppError} whose kind `unavailable` means the port or the database, everything else the configuration */
export async function startCa(options: CaOptions): Promise<RunningCa> {
  const { clock, logger, random } = options;
  const startedAt = clock.now();
  const config = await loadConfig(options, logger);
  const store = await openStore(config.database);
  try {
    let current = await buildGeneration(config, store, options, startedAt);
    let listener = await openListener(current, () => current.context, options);
    const stopping = new AbortController();
    let renewals = new AbortController();
    const keepCertificate = (): void => {
      renewals = new AbortController();
      const signal = AbortSignal.any([stopping.signal, renewals.signal]);
      const renew = async () => {
        const next = await issueServerCertificate(current.context.authority, current.config);
        if (!signal.aborted) replaceSecureContext(listener.server, next.secureContext);
        return next.certificate;
      };
      void keepServerCertificate(current.server.certificate, renew, { clock, logger, signal, random });
    };
    keepCertificate();
    void forgetEndedTokens(store, options, stopping.signal);
    logReady(logger, listener.address, current);

    return {
      get address() {
        return listener.address;
      },
      get config() {
        return current.config;
      },
      get rootFingerprints() {
        return current.context.authority.roots.map(({ der }) => fingerprint(der));
      },
      async reload() {
        const next = await loadConfig(options, logger);
        requireSameDatabase(current.config, next);
        const generation = await buildGeneration(next, store, options, startedAt);
        const moved = next.address !== current.config.address;
        const replaced = moved ? listener : undefined;
        if (moved) listener = await openListener(generation, () => current.context, options);
        else replaceSecureContext(listener.server, generation.server.secureContext);
        current = generation;
        renewals.abort();
        keepCertificate();
        if (replaced) void closeGracefully(replaced.server, reloadGraceMs).then(() => replaced.app.close());
        logReady(logger, listener.address, current);
      },
      async stop(graceMs) {
        stopping.abort();
        await closeGracefully(listener.server, graceMs);
        await listener.app.close();
        await store.close();
        logger.info('stopped');
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function loadConfig({ configPath }: CaOptions, logger: Logger): Promise<CaConfig> {
  const config = parseCaConfig(await readText('configuration', configPath), configPath);
  for (const warning of config.warnings) logger.warn(warning);
  return config;
}

function requireSameDatabase(old: CaConfig, next: CaConfig): void {
  const same = old.database?.type === next.database?.type && old.database?.dataSource === next.database?.dataSource;
  if (!same) throw configInvalid('db', 'cannot be changed by a reload', 'restart the server');
}

async function buildGeneration(
  config: CaConfig,
  store: CertificateStore,
  { password, askPassword, clock, logger }: CaOptions,
  startedAt: number,
): Promise<Generation> {
  const roots = await loadCertificates('root', config.roots);
  const [issuer, ...above] = await loadCertificates('crt', [config.crt]);
  if (!issuer) throw configInvalid('crt', 'holds no certificate');
  const authority = new Authority({
    settings: config,
    chain: [issuer, ...above],
    key: await loadKey(config.key, async () => password ?? config.password ?? askPassword()),
    roots,
    federatedRoots: await loadCertificates('federatedRoots', config.federatedRoots),
    store,
    clock,
    startedAt,
  });
  for (const { name, type, state } of authority.provisioners.all) {
    if (state.kind === 'uninitialized')
      logger.warn('provisioner disabled', { provisioner: name, type, reason: state.reason });
  }
  const { tls, traceHeader, crlEnabled } = config;
  return {
    config,
    context: { authority, tls, traceHeader, crlEnabled, version: stepCaVersion },
    server: await issueServerCertificate(authority, config),
  };
}

async function openListener(
  generation: Generation,
  context: () => ApiContext,
  { clock, logger }: CaOptions,
): Promise<Listener> {
  const server = createTlsServer({
    secureContext: generation.server.secureContext,
    clientAuthentication: 'if-given',
  });
  // fastify types its server as http.Server unless every handler is made generic; it only listens to `request`
  const serverFactory: FastifyServerFactory = (handler) => server.on('request', handler) as unknown as HttpServer;
  const app = await buildApp({ context, logger, clock, serverFactory });
  try {
    const bound = await listen(server, generation.config.address);
    return { server, app, address: formatListenAddress(bound) };
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function forgetEndedTokens(
  store: CertificateStore,
  { clock, logger }: CaOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const tokens = await store.forgetTokens(clock.now() - tokenMemoryMs);
      if (tokens > 0) logger.debug('ended tokens forgotten', { tokens });
    } catch (error) {
      logger.error('ended tokens not forgotten', { error });
    }
    await clock.sleep(pruneEveryMs, signal);
  }
}

function logReady(logger: Logger, address: string, { context, config }: Generation): void {
  const { authority } = context;
  logger.info('listening', {
    address,
    dnsNames: config.dnsNames,
    roots: authority.roots.map(({ der }) => fingerprint(der)),
    issuer: authority.chain[0].subject.text,
    issuerNotAfter: new Date(authority.chain[0].notAfter).toISOString(),
    database: config.database?.type ?? 'none',
  });
}
