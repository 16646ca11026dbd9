/**
 * autocert-controller CONFIG: the admission webhook as a process. Reads arguments, environment and configuration, and
 * ends on SIGTERM and SIGINT: not ready at once, requests in flight finish, exit code 0.
 */
import { readFile } from 'node:fs/promises';
import { parseWebhookConfig } from '../lib/admission/config/index.ts';
import { describeError, isAppError } from '../lib/errors/index.ts';
import { connectKubernetes } from '../lib/kubernetes/index.ts';
import { batchedStandardOutput, createLogger, parseLogLevel } from '../lib/log/index.ts';
import { systemClock } from '../lib/time/index.ts';
import { configUnreadable } from './errors.ts';
import { programName, startWebhook } from './start.ts';

/** The API server gives an admission at most 30 s; a pod is given 30 s to end. */
const graceMs = 20_000;

const [configPath, ...rest] = process.argv.slice(2);
if (configPath === undefined || rest.length > 0 || configPath.startsWith('-')) {
  process.stderr.write(`usage: ${programName} CONFIG\n`);
  process.exit(configPath === '--help' || configPath === '-h' ? 0 : 1);
}

try {
  await run(configPath);
} catch (error) {
  process.stderr.write(`error: ${describeError(error)}\n`);
  if (isAppError(error) && error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  process.exit(1);
}

async function run(path: string): Promise<void> {
  const { env } = process;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw configUnreadable(path, error);
  });
  const config = parseWebhookConfig(text, env);
  const log = createLogger({
    name: programName,
    format: config.logFormat,
    level: parseLogLevel(env.LOG_LEVEL || 'info', 'LOG_LEVEL'),
    write: batchedStandardOutput(),
  });
  const kubernetes = await connectKubernetes({
    userAgent: programName,
    ...(env.KUBECONFIG ? { kubeconfigPath: env.KUBECONFIG } : {}),
  });
  const webhook = await startWebhook(config, { kubernetes, clock: systemClock, random: Math.random, log });
  const end = (signal: string): void => {
    log.info('ending', { signal });
    webhook.stop(graceMs).then(
      () => {
        kubernetes.close();
        process.exit(0); // a request to the CA may still wait for its answer: nobody needs it any more
      },
      (error: unknown) => {
        log.error('ending failed', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}
