/**
 * The environment of the injected containers (docs/reference/configuration.md): upstream's variables, which images
 * of users rely on, and ours. Pure. Errors name the variable.
 */

import { parseCaUrl, parseFingerprint } from '../ca-client/index.ts';
import {
  type CertificatePaths,
  type FileOwner,
  validatePaths,
  type WriteMode,
  type WriteOptions,
} from '../certificate-files/index.ts';
import { AppError } from '../errors/index.ts';
import { type LogFormat, type LogLevel, parseLogLevel } from '../log/index.ts';
import { parseGoDuration } from '../time/index.ts';
import { badEnvironment } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How the pod gets its one-time token. */
export type Credential =
  | { readonly kind: 'token'; readonly ott: string }
  | { readonly kind: 'service-account'; readonly bootstrapUrl: URL; readonly tokenFile: string }
  /** `secret` mode after its Secret was swept, or a renewer in `secret` mode. */
  | { readonly kind: 'none' };

export type PodSettings = {
  readonly caUrl: URL;
  /** SHA-256 of the root, lower-case hex. */
  readonly rootFingerprint: string | undefined;
  readonly commonName: string;
  /** Effective SANs; empty when the webhook did not tell (upstream's does not). */
  readonly sans: readonly string[];
  /** What goes to the CA as notAfter: a Go duration; undefined lets the CA decide. */
  readonly notAfter: string | undefined;
  readonly credential: Credential;
  readonly paths: CertificatePaths;
  readonly write: WriteOptions;
};

const defaultFolder = '/var/run/autocert.step.sm';
const defaultTokenFile = '/var/run/secrets/autocert.step.sm/token';
const defaultPublicMode = 0o644;
const defaultKeyMode = 0o600;

/** @throws {AppError} ERR_POD_ENVIRONMENT, ERR_CA_URL, ERR_FINGERPRINT_FORMAT, ERR_CERTIFICATE_PATHS (invalid) */
export function parsePodSettings(env: Environment): PodSettings {
  const fingerprint = env.STEP_FINGERPRINT?.trim();
  return {
    caUrl: parseCaUrl(required(env, 'STEP_CA_URL')),
    rootFingerprint: fingerprint ? parseFingerprint(fingerprint) : undefined,
    commonName: required(env, 'COMMON_NAME'),
    sans: splitList(env.AUTOCERT_SANS),
    notAfter: env.DURATION?.trim() || env.STEP_NOT_AFTER?.trim() || undefined,
    credential: parseCredential(env),
    paths: validatePaths({
      root: env.STEP_ROOT || `${defaultFolder}/root.crt`,
      certificate: env.CRT || `${defaultFolder}/site.crt`,
      key: env.KEY || `${defaultFolder}/site.key`,
    }),
    write: parseWriteOptions(env),
  };
}

export type LogSettings = { readonly level: LogLevel; readonly format: LogFormat };

/** @throws {AppError} ERR_LOG_LEVEL, ERR_POD_ENVIRONMENT (invalid) */
export function parseLogSettings(env: Environment): LogSettings {
  return {
    level: parseLogLevel(env.AUTOCERT_LOG_LEVEL || 'info', 'AUTOCERT_LOG_LEVEL'),
    format: parseChoice(env, 'AUTOCERT_LOG_FORMAT', ['json', 'text']),
  };
}

/** One of the choices, the first when the variable is unset. @throws {AppError} ERR_POD_ENVIRONMENT (invalid) */
export function parseChoice<Choice extends string>(
  env: Environment,
  variable: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const text = env[variable]?.trim();
  if (!text) return choices[0];
  const found = choices.find((choice) => choice === text);
  if (found) return found;
  throw badEnvironment(variable, `${JSON.stringify(text)} is none of ${choices.join(', ')}`);
}

/** A Go duration in ms. @throws {AppError} ERR_POD_ENVIRONMENT (invalid) */
export function parseDurationVariable(env: Environment, variable: string, defaultMs: number): number {
  const text = env[variable]?.trim();
  if (!text) return defaultMs;
  try {
    const ms = parseGoDuration(text);
    if (ms >= 0) return ms;
  } catch (error) {
    throw badEnvironment(variable, error instanceof Error ? error.message : String(error), hintOf(error));
  }
  throw badEnvironment(variable, `${JSON.stringify(text)} is negative`);
}

const hintOf = (error: unknown): string | undefined => (error instanceof AppError ? error.hint : undefined);

function required(env: Environment, variable: string): string {
  const value = env[variable]?.trim();
  if (!value) throw badEnvironment(variable, 'missing or empty');
  return value;
}

const splitList = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function parseCredential(env: Environment): Credential {
  const bootstrapUrl = env.AUTOCERT_BOOTSTRAP_URL?.trim();
  if (bootstrapUrl) {
    const url = URL.parse(bootstrapUrl);
    if (url?.protocol !== 'https:') throw badEnvironment('AUTOCERT_BOOTSTRAP_URL', 'is not an https address');
    const tokenFile = env.AUTOCERT_TOKEN_FILE || defaultTokenFile;
    return { kind: 'service-account', bootstrapUrl: url, tokenFile };
  }
  const ott = env.STEP_TOKEN?.trim();
  return ott ? { kind: 'token', ott } : { kind: 'none' };
}

/** MODE is for all three files, as upstream's chmod; without it only the key is closed. */
function parseWriteOptions(env: Environment): WriteOptions {
  const mode: WriteMode = parseChoice(env, 'AUTOCERT_WRITE_MODE', ['atomic', 'in-place']);
  const forAll = parseFileMode(env, 'MODE');
  return {
    mode,
    publicMode: forAll ?? defaultPublicMode,
    keyMode: forAll ?? parseFileMode(env, 'AUTOCERT_KEY_MODE') ?? defaultKeyMode,
    owner: parseOwner(env.OWNER?.trim()),
  };
}

function parseFileMode(env: Environment, variable: string): number | undefined {
  const text = env[variable]?.trim();
  if (!text) return undefined;
  if (!/^0?[0-7]{3}$/.test(text)) {
    throw badEnvironment(variable, `${JSON.stringify(text)} is not a file mode`, 'write it in octal, such as 0640');
  }
  return Number.parseInt(text, 8);
}

function parseOwner(text: string | undefined): FileOwner | undefined {
  if (!text) return undefined;
  const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text);
  if (!match) {
    throw badEnvironment('OWNER', `${JSON.stringify(text)} is not uid or uid:gid`, 'write numbers, such as 999:999');
  }
  return { uid: Number(match[1]), gid: match[2] === undefined ? undefined : Number(match[2]) };
}
