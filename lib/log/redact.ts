/**
 * Takes secrets out of whatever is about to be logged: by the name of a field, and by what a text looks like. Pure.
 *
 * Redaction is the net, not the rule: callers do not hand secrets to the log. It is here for the day an error of some
 * library quotes a header, or a new field carries more than its author thought.
 *
 * Keep: it never throws and always ends, whatever it is given (cycles, throwing getters, megabytes).
 */
import { describeError, isAppError } from '../errors/index.ts';

const redacted = '[redacted]';
const maxDepth = 8;
const maxItems = 200;
/** A certificate chain in PEM fits; a request body that slipped in does not. */
const maxTextLength = 16 * 1024;

/** Whole names, lower case without `-` and `_`. `d` to `k` of a JWK are handled by its shape. */
const secretNames = new Set(['key', 'ott', 'jwt', 'jwe', 'authorization', 'cookie', 'setcookie', 'pin', 'credentials']);
/** Last part of a name: `stepToken`, `provisioner_password`, `X-Client-Secret`, `siteKeyPem`. */
const secretEndings = /(token|password|passwd|passphrase|secret|privatekey|encryptedkey|keypem)$/;

/** Private members of a JSON Web Key (RFC 7518 6.2.2, 6.3.2, 6.4.1). */
const privateJwkMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/** Compact JWS or JWE: base64url of `{"`, then two to four more parts. The signature may have been cut off. */
const jwt = /eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*){0,3}/g;
const privateKeyPem =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|$)/g;
/** 16 characters: longer than any word that follows "bearer" in prose. */
const authorizationValue = /\b(bearer|basic)\s+[\w.~+/=-]{16,}/gi;
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi;

/** What each of the four patterns begins with: almost no text has any of it, and is done after one look. */
const suspicion = /eyJ|-----BEGIN|bearer|basic|:\/\//i;

/** The text with everything taken out that looks like a token, a private key or a password in an address. */
export function redactText(text: string): string {
  if (text.length <= maxTextLength && !suspicion.test(text)) return text;
  const clean = text
    .replace(privateKeyPem, '[redacted private key]')
    .replace(jwt, '[redacted token]')
    .replace(authorizationValue, `$1 ${redacted}`)
    .replace(urlPassword, `$1${redacted}@`);
  return clean.length > maxTextLength ? `${clean.slice(0, maxTextLength)}… (${clean.length} characters)` : clean;
}

/** Names of fields are few and come with every record. */
const judgedNames = new Map<string, boolean>();
const maxJudgedNames = 1000;

/** Whether the value of a field of this name is a secret, whatever it holds. */
export function isSecretName(name: string): boolean {
  const known = judgedNames.get(name);
  if (known !== undefined) return known;
  const secret = looksSecret(name);
  if (judgedNames.size < maxJudgedNames && name.length < 100) judgedNames.set(name, secret);
  return secret;
}

function looksSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return secretNames.has(plain) || secretEndings.test(plain);
}

/** A copy that JSON.stringify takes and that holds no secret. Functions, symbols and undefined are left out. */
export function redactValue(value: unknown): unknown {
  return redactAt(value, 0, new Set());
}

/** As {@link redactValue}, for the fields of a log line. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactRecord(fields, 0, new Set());
}

function redactAt(value: unknown, depth: number, ancestors: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : redactObject(value, depth, ancestors);
    default:
      return undefined;
  }
}

function redactObject(value: object, depth: number, ancestors: Set<object>): unknown {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (ancestors.has(value)) return '[circular]';
  if (depth >= maxDepth) return '[too deep]';
  ancestors.add(value);
  try {
    return redactStructure(value, depth + 1, ancestors);
  } catch {
    return '[unreadable]'; // a throwing getter or toJSON; the line is worth more than this field
  } finally {
    ancestors.delete(value);
  }
}

function redactStructure(value: object, depth: number, ancestors: Set<object>): unknown {
  if (value instanceof Error) return redactError(value, depth, ancestors);
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Map) return redactAt(Object.fromEntries(value), depth, ancestors);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value];
    const shown = items.slice(0, maxItems).map((item) => redactAt(item, depth, ancestors) ?? null);
    return items.length > maxItems ? [...shown, `… (${items.length} items)`] : shown;
  }
  // The class of node:crypto keys; it is not a plain object and may be a private key.
  if (value.constructor?.name.endsWith('KeyObject')) return '[key]';
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactAt(value.toJSON(), depth, ancestors);
  return redactRecord(value as Record<string, unknown>, depth, ancestors);
}

function redactRecord(
  record: Readonly<Record<string, unknown>>,
  depth: number,
  ancestors: Set<object>,
): Record<string, unknown> {
  const isJwk = typeof record.kty === 'string';
  const clean: Record<string, unknown> = {};
  for (const name of Object.keys(record).slice(0, maxItems)) {
    const secret = isSecretName(name) || (isJwk && privateJwkMembers.has(name));
    const value = secret ? maskOf(record[name]) : redactAt(record[name], depth, ancestors);
    if (value !== undefined) define(clean, redactText(name), value);
  }
  return clean;
}

/** An empty or missing secret is worth seeing: it is the usual reason why something fails. */
const maskOf = (value: unknown): unknown => (value === undefined || value === null || value === '' ? value : redacted);

/** Plain assignment would call the setter of `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** `AppError`s by code, message chain, hint and context; anything else is a defect of ours and keeps its stack. */
function redactError(error: Error, depth: number, ancestors: Set<object>): Record<string, unknown> {
  const message = redactText(describeError(error));
  if (!isAppError(error)) return { message, stack: redactText(error.stack ?? '') };
  const context = redactRecord(error.context, depth, ancestors);
  return {
    code: error.code,
    kind: error.kind,
    message,
    ...(error.hint === undefined ? {} : { hint: redactText(error.hint) }),
    ...(Object.keys(context).length === 0 ? {} : { context }),
  };
}
