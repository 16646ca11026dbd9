/**
 * autocert-ca: the certificate authority as a process. `serve` runs it from a ca.json, `init` makes one with its keys.
 * Flags are step-ca's and step's.
 *
 * Exit codes are step-ca's: 1 for wrong usage and for a configuration file that is not there, 2 for everything that
 * fails after it was found. The log is JSON lines on standard output; what a person reads goes to standard error.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { AppError, describeError, isAppError } from '../lib/errors/index.ts';
import { createLogger, type LogLevel, parseLogLevel } from '../lib/log/index.ts';
import { systemClock } from '../lib/time/index.ts';
import { readPasswordFile } from './adapters/files.ts';
import { stepCaVersion } from './generation.ts';
import { initCommand } from './init/command.ts';
import { askPassword } from './init/prompts.ts';
import { findContext, resolveStepPath, stepBasePath, stepPath } from './init/step-path.ts';
import { fileKeyStore } from './keys/index.ts';
import { certificateCommand } from './operations/certificates.ts';
import { backupCommand, pruneCommand, restoreCommand } from './operations/maintenance.ts';
import { parseKeepExpired } from './operations/retention.ts';
import { rolloverCommand } from './rollover/command.ts';
import { type RunningCa, startCa } from './server.ts';

/** step-ca's: long enough for any honest request. */
const stopGraceMs = 60_000;

const weights: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

type ServeFlags = {
  readonly passwordFile?: string;
  readonly context?: string;
  readonly pidfile?: string;
  readonly quiet?: boolean;
  readonly logLevel?: string;
  readonly keepExpired?: string;
};

async function serve(configArgument: string | undefined, flags: ServeFlags): Promise<void> {
  const base = stepBasePath(process.env);
  const configPath = configArgument ?? join(stepPath(base, findContext(base, flags.context)), 'config', 'ca.json');
  const level = parseLogLevel(flags.logLevel ?? process.env.LOG_LEVEL ?? 'info', '--log-level');
  const logger = createLogger({ name: 'ca', level });
  const password = flags.passwordFile === undefined ? undefined : await readPasswordFile(flags.passwordFile);
  let asked: Promise<string | undefined> | undefined;
  const ca = await startCa({
    configPath,
    password,
    askPassword: () => {
      asked ??= askPassword('the password of the issuing key', '--password-file'); // a reload does not ask again
      return asked;
    },
    keyStore: fileKeyStore,
    templatePath: (given) => resolveStepPath(stepPath(base, findContext(base, flags.context)), given),
    clock: systemClock,
    logger,
    logRequest(severity, line) {
      if (weights[severity === 'warning' ? 'warn' : severity] >= weights[level]) process.stdout.write(`${line}\n`);
    },
    random: Math.random,
    keepExpiredMs: parseKeepExpired(flags.keepExpired),
  });
  process.on('SIGHUP', () => {
    ca.reload().catch((error: unknown) => logger.error('reload failed, the old configuration goes on', { error }));
  });
  const told = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
  });
  // only now: whoever reads that it serves may send a signal at once
  if (flags.pidfile !== undefined) writeFileSync(flags.pidfile, `${process.pid}\n`);
  if (!flags.quiet) announce(ca, configPath);
  process.stderr.write(`Serving HTTPS on ${ca.address} ...\n`);
  const signal = await told;
  logger.info('stopping', { signal });
  await ca.stop(stopGraceMs);
  if (flags.pidfile !== undefined) rmSync(flags.pidfile, { force: true });
}

function announce({ config, address, rootFingerprints }: RunningCa, configPath: string): void {
  const port = address.slice(address.lastIndexOf(':') + 1);
  const [primary, ...others] = config.dnsNames.map((name) => {
    const host = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
    return `https://${host}${port === '443' ? '' : `:${port}`}`;
  });
  const lines = [
    `autocert-ca, speaking the API of step-ca ${stepCaVersion}`,
    `Config file: ${configPath}`,
    `The primary server URL is ${primary}`,
    `Root certificates are available at ${primary}/roots.pem`,
    ...(others.length === 0 ? [] : [`Additional configured hostnames: ${config.dnsNames.slice(1).join(', ')}`]),
    ...rootFingerprints.map((sha256) => `X.509 Root Fingerprint: ${sha256}`),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Flags of step-ca that belong to parts which are not here: refused, because obeying half a command line misleads. */
const unsupportedFlags = [
  ['--ssh-host-password-file <file>', 'SSH certificates are not supported'],
  ['--ssh-user-password-file <file>', 'SSH certificates are not supported'],
  ['--issuer-password-file <file>', 'registration authorities are not supported'],
  ['--token <token>', 'linked authorities are not supported'],
  ['--acme-http-port <port>', 'ACME is not supported'],
  ['--acme-tls-port <port>', 'ACME is not supported'],
  ['--acme-strict-fqdn', 'ACME is not supported'],
  ['--resolver <address>', 'ACME is not supported'],
] as const;

function serveCommand(): Command {
  const command = new Command('serve')
    .description('run the authority')
    .argument('[config]', 'ca.json (default: config/ca.json in $STEPPATH or in the folder of the context)')
    .option('--password-file <file>', 'file with the password of the issuing key')
    .option('--context <name>', 'context whose configuration is used')
    .option('--pidfile <file>', 'file to write the process id into')
    .option('--quiet', 'say nothing but "Serving HTTPS on …" and the log')
    .option('--log-level <level>', 'debug, info, warn or error (default: info)')
    .option('--keep-expired <duration>', 'how long expired certificates stay in the database: 720h, or forever', '720h')
    .option('--insecure', 'accepted for the sake of scripts, changes nothing');
  for (const [flag, reason] of unsupportedFlags) {
    const option = command.createOption(flag, reason).hideHelp();
    option.argParser(() => refuseFlag(option.long ?? flag, reason));
    command.addOption(option);
    command.on(`option:${option.name()}`, () => refuseFlag(option.long ?? flag, reason));
  }
  return command.action(serve);
}

function refuseFlag(flag: string, reason: string): never {
  throw new AppError('ERR_CA_FLAG', 'invalid', `${flag}: ${reason}`, {
    hint: 'docs/divergences/step-ca.md lists what this server does not do',
  });
}

/** Says what failed and what to do about it; the exit code. */
function reportFailure(error: unknown): number {
  if (error instanceof Error && error.name === 'ExitPromptError') return interrupted; // Ctrl-C at a question
  process.stderr.write(`error: ${describeError(error)}\n`);
  if (!isAppError(error)) return 2;
  if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  return exitCodeOne.has(error.code) ? 1 : 2;
}

/** What a shell reports of SIGINT. */
const interrupted = 130;

const exitCodeOne: ReadonlySet<string> = new Set([
  'ERR_CA_FILE',
  'ERR_CA_FLAG',
  'ERR_CA_FLAG_MISSING',
  'ERR_STEP_CONTEXT',
  'ERR_LOG_LEVEL',
]);

const program = new Command('autocert-ca')
  .description('certificate authority that speaks the step-ca protocol')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(add --help for the flags)')
  .addCommand(serveCommand())
  .addCommand(initCommand())
  .addCommand(rolloverCommand())
  .addCommand(certificateCommand())
  .addCommand(pruneCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand());
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  // commander has already said what is wrong with the arguments
  process.exitCode = error instanceof CommanderError ? error.exitCode : reportFailure(error);
}
