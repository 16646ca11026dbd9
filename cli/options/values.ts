/** Option values with a meaning: addresses, times, template data, key types. Pure apart from reading --set-file. */
import { parseCaUrl } from '../../lib/ca-client/index.ts';
import type { KeySpec } from '../../lib/crypto/index.ts';
import { describeError } from '../../lib/errors/index.ts';
import { formatGoDuration, tryParseGoDuration } from '../../lib/time/index.ts';
import type { OptionValues } from '../command.ts';
import { badInput, usage } from '../errors.ts';

/**
 * `--ca-url`. As in step, an IPv6 address may come without brackets.
 * @throws {AppError} ERR_CLI_USAGE (invalid)
 */
export function caUrlOption(options: OptionValues): URL {
  const text = options.required('ca-url');
  // three groups at least: host:port has two
  const bare = /^(?:[0-9a-f]*:){2,}[0-9a-f]*$/i.test(text);
  try {
    return parseCaUrl(bare ? `[${text}]` : text);
  } catch (error) {
    throw usage(`--ca-url: ${describeError(error)}`, 'write an https address, such as https://ca.example:9000');
  }
}

/**
 * `--not-before`, `--not-after` as the CA wants them: a Go duration or an RFC 3339 time.
 * @throws {AppError} ERR_CLI_USAGE (invalid)
 */
export function validityText(options: OptionValues, name: string): string | undefined {
  const text = options.text(name);
  if (!text) return undefined;
  const duration = tryParseGoDuration(text);
  if (duration !== undefined) return formatGoDuration(duration);
  if (isRfc3339(text)) return text;
  throw invalidTime(name, text);
}

/** The same as a point in time, durations counted from `now`. */
export function validityTime(options: OptionValues, name: string, now: number): number | undefined {
  const text = options.text(name);
  if (!text) return undefined;
  const duration = tryParseGoDuration(text);
  if (duration !== undefined) return now + duration;
  if (isRfc3339(text)) return Date.parse(text);
  throw invalidTime(name, text);
}

const isRfc3339 = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

const invalidTime = (name: string, text: string): Error =>
  usage(`--${name}: "${text}" is neither a time nor a duration`, 'such as 5m, 24h or 2027-01-31T12:00:00Z');

/** A duration option in ms. @throws {AppError} ERR_CLI_USAGE (invalid) */
export function durationOption(options: OptionValues, name: string): number | undefined {
  const text = options.text(name);
  if (!text) return undefined;
  const duration = tryParseGoDuration(text);
  if (duration === undefined || duration < 0) {
    throw usage(`--${name}: "${text}" is not a duration`, 'a number and a unit, such as 90s, 5m or 24h');
  }
  return duration;
}

/** A whole number above zero. @throws {AppError} ERR_CLI_USAGE (invalid) */
export function numberOption(options: OptionValues, name: string): number | undefined {
  const text = options.text(name);
  if (!text) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw usage(`--${name}: "${text}" is not a whole number above zero`);
  return Number(text);
}

/**
 * `--set-file`, then every `--set key=value` over it; a value that is JSON is taken as such. undefined when there is none.
 * @throws {AppError} ERR_CLI_USAGE, ERR_CLI_INPUT (invalid)
 */
export function templateData(
  options: OptionValues,
  readFile: (path: string) => string,
): Record<string, unknown> | undefined {
  const data: Record<string, unknown> = {};
  const path = options.text('set-file');
  if (path) {
    const value = tryParseJson(readFile(path));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw badInput(`--set-file: ${path} is not a JSON object`);
    }
    Object.assign(data, value);
  }
  for (const pair of options.list('set')) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw usage(`--set: "${pair}" is not key=value`);
    const text = pair.slice(equals + 1);
    const value = tryParseJson(text);
    data[pair.slice(0, equals)] = value === undefined ? text : value;
  }
  return Object.keys(data).length === 0 ? undefined : data;
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text is a value too
  }
}

/** `--kty`, `--curve`, `--size` together. @throws {AppError} ERR_CLI_USAGE (invalid) for a combination that is none */
export function keySpec(options: OptionValues): KeySpec {
  const kty = options.text('kty') ?? 'EC';
  const curve = options.text('curve');
  const size = options.text('size');
  if (kty === 'RSA') {
    if (curve) throw usage('--curve: an RSA key has none', 'give --size instead');
    const bits = size ?? '2048';
    if (bits === '2048' || bits === '3072' || bits === '4096') return `RSA-${bits}`;
    throw usage(`--size: "${bits}" is not one of 2048, 3072, 4096`);
  }
  if (size) throw usage(`--size: a key of type ${kty} has none`, 'give --curve instead, or --kty RSA');
  if (kty === 'OKP') {
    if (curve && curve !== 'Ed25519') throw usage(`--curve: ${curve} is not a curve of key type OKP`);
    return 'Ed25519';
  }
  if (curve === 'Ed25519') throw usage('--curve: Ed25519 needs --kty OKP');
  return curve === 'P-384' || curve === 'P-521' ? `EC-${curve.replace('-', '') as 'P384' | 'P521'}` : 'EC-P256';
}
