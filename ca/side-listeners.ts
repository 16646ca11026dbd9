/**
 * The listeners without TLS: `insecureAddress` for the revocation list and `metricsAddress` for metrics. Opened at the
 * start and by a reload whose file names another address; the others stay as they are.
 */
import type { Server } from 'node:http';
import type { FastifyInstance, FastifyServerFactory } from 'fastify';
import { closeGracefully, formatListenAddress, listen } from '../lib/http/index.ts';
import { createClearServer } from './adapters/clear-server.ts';
import { type AppOptions, buildApp, clearRoutes, metricsRoutes } from './api/index.ts';
import type { CaConfig } from './config/index.ts';

const names = ['insecureAddress', 'metricsAddress'] as const;
type Name = (typeof names)[number];

type Listener = {
  readonly name: Name;
  /** As ca.json has it; what is bound may have another port. */
  readonly configured: string;
  readonly bound: string;
  readonly server: Server;
  readonly app: FastifyInstance;
};

/** Listeners that are open and not yet counted upon. */
export type PreparedListeners = {
  /** They replace the present ones. */
  commit(graceMs: number): void;
  abandon(): Promise<void>;
};

export type SideOptions = Omit<AppOptions, 'serverFactory' | 'routes'> & { readonly renderMetrics: () => string };

export class SideListeners {
  readonly #options: SideOptions;
  #open: readonly Listener[] = [];

  constructor(options: SideOptions) {
    this.#options = options;
  }

  /** What is bound, by the member of ca.json. */
  get addresses(): Readonly<Partial<Record<Name, string>>> {
    return Object.fromEntries(this.#open.map(({ name, bound }) => [name, bound]));
  }

  /** @throws {AppError} ERR_LISTEN (unavailable); nothing has changed then */
  async prepare(config: Pick<CaConfig, Name>): Promise<PreparedListeners> {
    const fresh: Listener[] = [];
    const abandon = async (): Promise<void> => {
      await Promise.all(fresh.map((listener) => close(listener, 0)));
    };
    const next: Listener[] = [];
    try {
      for (const name of names) {
        const configured = config[name];
        if (configured === undefined) continue;
        const present = this.#open.find((listener) => listener.name === name && listener.configured === configured);
        const listener = present ?? (await this.#listen(name, configured));
        if (!present) fresh.push(listener);
        next.push(listener);
      }
    } catch (error) {
      await abandon();
      throw error;
    }
    const commit = (graceMs: number): void => {
      for (const listener of this.#open) if (!next.includes(listener)) void close(listener, graceMs);
      this.#open = next;
    };
    return { commit, abandon };
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#open.map((listener) => close(listener, graceMs)));
  }

  async #listen(name: Name, configured: string): Promise<Listener> {
    const { renderMetrics, ...options } = this.#options;
    const server = createClearServer();
    const serverFactory: FastifyServerFactory = (handler) => server.on('request', handler);
    const routes = name === 'insecureAddress' ? clearRoutes : metricsRoutes(renderMetrics);
    const app = await buildApp({ ...options, serverFactory, routes });
    try {
      return { name, configured, bound: formatListenAddress(await listen(server, configured)), server, app };
    } catch (error) {
      await app.close();
      throw error;
    }
  }
}

async function close({ server, app }: Listener, graceMs: number): Promise<void> {
  await closeGracefully(server, graceMs);
  await app.close();
}
