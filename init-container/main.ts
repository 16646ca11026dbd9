/**
 * autocert-bootstrapper: the init container that gets a pod its first certificate. Configured by its environment alone
 * (docs/reference/configuration.md).
 *
 * Exit codes: 0 the volume holds a good set, 1 trying again may help, 2 somebody has to change something.
 */
import { readFile } from 'node:fs/promises';
import { createLogger, type Logger } from '../lib/log/index.ts';
import {
  closeProcess,
  connectAuthority,
  exitCodeFor,
  openStore,
  parseDurationVariable,
  parseLogSettings,
  parsePodSettings,
  writeTerminationMessage,
} from '../lib/pod/index.ts';
import { systemClock } from '../lib/time/index.ts';
import { bootstrap } from './bootstrap.ts';

/** Long enough for a CA that is being rolled out; after it the kubelet starts us again, with a back-off of its own. */
const defaultDeadlineMs = 5 * 60 * 1000;

const name = 'autocert-bootstrapper';

async function main(): Promise<number> {
  closeProcess();
  const env = { ...process.env };
  delete process.env.STEP_TOKEN;
  let log: Logger = createLogger({ name });
  try {
    log = createLogger({ name, ...parseLogSettings(env) });
    const deadlineMs = parseDurationVariable(env, 'AUTOCERT_DEADLINE', defaultDeadlineMs);
    const settings = parsePodSettings(env);
    delete env.STEP_TOKEN;
    const enroller = connectAuthority(settings, {
      userAgent: name,
      readTextFile: (path) => readFile(path, 'utf8'),
    });
    const ports = { enroller, store: openStore(settings), clock: systemClock, random: Math.random, log };
    await bootstrap(ports, settings, deadlineMs);
    return 0;
  } catch (error) {
    log.error('no certificate', { error });
    writeTerminationMessage(env, error);
    return exitCodeFor(error);
  }
}

process.exitCode = await main();
