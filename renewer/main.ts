/**
 * autocert-renewer: the sidecar that keeps the certificate of a pod fresh. Configured by its environment alone
 * (docs/reference/configuration.md). SIGHUP renews now; SIGTERM and SIGINT end it.
 *
 * Exit codes: 0 when it was told to end, 2 when its environment is wrong.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { createLogger, type Logger } from '../lib/log/index.ts';
import {
  closeProcess,
  connectAuthority,
  exitCodeFor,
  openStore,
  parseLogSettings,
  writeTerminationMessage,
} from '../lib/pod/index.ts';
import { systemClock } from '../lib/time/index.ts';
import { createHandOver, wasAskedToRenew } from './adapters/hand-over.ts';
import { serveMetrics } from './adapters/metrics-server.ts';
import { parseRenewerSettings } from './config.ts';
import { keepFresh } from './keep-fresh.ts';
import { RenewerMetrics } from './metrics.ts';
import { Signals } from './signals.ts';

const name = 'autocert-renewer';

async function main(): Promise<number> {
  const signals = new Signals();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => signals.requestStop());
  process.on('SIGHUP', () => signals.requestRenewal());
  closeProcess();
  let log: Logger = createLogger({ name });
  let closeMetrics = (): void => {};
  try {
    log = createLogger({ name, ...parseLogSettings(process.env) });
    const settings = parseRenewerSettings(process.env);
    delete process.env.STEP_TOKEN; // no webhook sets it here; an environment that is handed on must not hold it
    if (wasAskedToRenew(process.argv)) signals.requestRenewal();
    const observer = new RenewerMetrics();
    const { metricsAddress } = settings;
    if (metricsAddress) closeMetrics = await serveMetrics(metricsAddress, () => observer.render(), log);
    await keepFresh(
      {
        authority: connectAuthority(settings, {
          userAgent: name,
          signal: signals.stop,
          readTextFile: (path) => readFile(path, 'utf8'),
        }),
        store: openStore(settings),
        clock: systemClock,
        random: Math.random,
        log,
        signals,
        observer,
        handOver: createHandOver({
          idle: metricsAddress ? 'resident' : settings.idle,
          script: import.meta.filename,
          // The volume for containers whose root is read-only.
          folders: [tmpdir(), dirname(settings.paths.certificate)],
          clock: systemClock,
          log,
          hasSignal: () => signals.pending,
        }),
      },
      settings,
    );
    log.info('ended by signal');
    return 0;
  } catch (error) {
    log.error('cannot run', { error });
    writeTerminationMessage(process.env, error);
    return exitCodeFor(error);
  } finally {
    closeMetrics();
  }
}

process.exitCode = await main();
