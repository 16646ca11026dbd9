/**
 * The annotations a pod asks with, read strictly: whatever would make the init container fail later is refused here, with
 * annotation, value, rule and remedy. An empty value counts as absent, as upstream.
 *
 * Read at admission, and again from the live pod when a token is minted.
 */
import { isAppError } from '../errors/index.ts';
import { formatGoDuration, parseGoDuration } from '../time/index.ts';
import { annotationPrefix } from './contract.ts';
import { annotationInvalid } from './errors.ts';
import { type NamePolicy, validateNames } from './names/index.ts';
import { findNearest } from './nearest.ts';
import { quote } from './quote.ts';
import type { CertificateWish, ClusterFacts, Owner } from './types.ts';

/** The eight of upstream, then ours. */
export const annotations = {
  name: `${annotationPrefix}name`,
  sans: `${annotationPrefix}sans`,
  duration: `${annotationPrefix}duration`,
  owner: `${annotationPrefix}owner`,
  mode: `${annotationPrefix}mode`,
  initFirst: `${annotationPrefix}init-first`,
  bootstrapperOnly: `${annotationPrefix}bootstrapper-only`,
  status: `${annotationPrefix}status`,
  writeMode: `${annotationPrefix}write-mode`,
  nativeSidecar: `${annotationPrefix}native-sidecar`,
  metricsPort: `${annotationPrefix}metrics-port`,
} as const;

/** A certificate with more names is of no use to a server, and its token does not fit into a header. */
const maxNames = 100;
/** RFC 5280 appendix A, ub-common-name. step-ca issues longer ones. */
const maxCommonName = 64;
/** Largest uid and gid of Kubernetes (runAsUser). */
const maxId = 2 ** 31 - 1;

type Annotations = Readonly<Record<string, string>>;

/**
 * What the pod asks for.
 *
 * @param values annotations of a pod that has `name`
 * @throws {AppError} ERR_ANNOTATION_INVALID, ERR_NAME_INVALID (invalid), ERR_NAME_FORBIDDEN (forbidden)
 */
export function readCertificateWish(
  values: Annotations,
  namespace: string,
  policy: NamePolicy,
  lifetimes?: ClusterFacts['lifetimes'],
): CertificateWish {
  const subject = values[annotations.name] ?? '';
  const sans = readSans(values, subject);
  validateNames(
    [
      { annotation: annotations.name, value: subject },
      ...sans.map((value) => ({ annotation: values[annotations.sans] ? annotations.sans : annotations.name, value })),
    ],
    namespace,
    policy,
  );
  const duration = readDuration(values, lifetimes);
  const owner = readOwner(values);
  const mode = readMode(values);
  const initFirst = readBoolean(values, annotations.initFirst);
  const nativeSidecar = readBoolean(values, annotations.nativeSidecar);
  const writeMode = readWriteMode(values);
  const metricsPort = readMetricsPort(values);
  return {
    subject,
    sans,
    bootstrapperOnly: readBoolean(values, annotations.bootstrapperOnly) ?? false,
    warnings: [...warnAboutNames(subject, sans), ...warnAboutUnknown(values)],
    ...(duration === undefined ? {} : { duration }),
    ...(owner === undefined ? {} : { owner }),
    ...(mode === undefined ? {} : { mode }),
    ...(initFirst === undefined ? {} : { initFirst }),
    ...(nativeSidecar === undefined ? {} : { nativeSidecar }),
    ...(writeMode === undefined ? {} : { writeMode }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
  };
}

/** Warnings about annotations that have no effect, for pods without `name`. */
export function warnAboutIdle(values: Annotations): string[] {
  const idle = Object.keys(values).filter((key) => key.startsWith(annotationPrefix) && key !== annotations.status);
  const [first] = idle.filter((key) => values[key] !== '' && key !== annotations.name);
  return first === undefined ? [] : [`annotation ${first} has no effect without ${annotations.name}`];
}

function readSans(values: Annotations, subject: string): string[] {
  const text = values[annotations.sans] ?? '';
  if (text === '') return [subject];
  // Upstream does not trim: "a, b" asks for " b" there, which no client ever matches.
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unique = [...new Set(names)];
  if (unique.length === 0) {
    throw annotationInvalid(annotations.sans, text, 'no name in it', 'list names separated by commas, or remove it');
  }
  if (unique.length > maxNames) {
    throw annotationInvalid(annotations.sans, text, `${unique.length} names`, `list at most ${maxNames} names`);
  }
  return unique;
}

function readDuration(values: Annotations, lifetimes: ClusterFacts['lifetimes']): string | undefined {
  const text = values[annotations.duration] || undefined;
  if (text === undefined) return undefined;
  const refuse = (rule: string, remedy: string) => annotationInvalid(annotations.duration, text, rule, remedy);
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw refuse(error.message.replace(/^.*": /, ''), error.hint ?? '');
  }
  if (ms < 1000) throw refuse('a certificate lives a second or longer', 'write a duration such as 5m or 24h');
  if (lifetimes && (ms < lifetimes.minMs || ms > lifetimes.maxMs)) {
    const [min, max] = [formatGoDuration(lifetimes.minMs), formatGoDuration(lifetimes.maxMs)];
    throw refuse(`the CA gives ${min} to ${max}`, 'write a duration in this range, or change the provisioner’s claims');
  }
  return text;
}

function readOwner(values: Annotations): Owner | undefined {
  const text = values[annotations.owner] || undefined;
  if (text === undefined) return undefined;
  const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text);
  const uid = Number(match?.[1] ?? Number.NaN);
  const gid = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match || uid > maxId || (gid ?? 0) > maxId) {
    throw annotationInvalid(
      annotations.owner,
      text,
      'not uid or uid:gid in digits',
      'write numbers such as "1000:1000"',
    );
  }
  return gid === undefined ? { uid } : { uid, gid };
}

function readMode(values: Annotations): string | undefined {
  const text = values[annotations.mode] || undefined;
  if (text === undefined) return undefined;
  const refuse = (rule: string) => annotationInvalid(annotations.mode, text, rule, 'write octal digits such as "0600"');
  if (!/^[0-7]{3,4}$/.test(text)) throw refuse('not three or four octal digits');
  const mode = Number.parseInt(text, 8);
  if (mode > 0o777) throw refuse('setuid, setgid and sticky bits have no use here');
  if ((mode & 0o400) === 0) throw refuse('the owner must be able to read its own files');
  return text;
}

/** True or false in any case, as upstream reads true. */
function readBoolean(values: Annotations, annotation: string): boolean | undefined {
  const text = values[annotation] || undefined;
  if (text === undefined) return undefined;
  const value = text.toLowerCase();
  if (value !== 'true' && value !== 'false') {
    throw annotationInvalid(annotation, text, 'neither true nor false', 'write "true" or "false"');
  }
  return value === 'true';
}

function readWriteMode(values: Annotations): 'atomic' | 'in-place' | undefined {
  const text = values[annotations.writeMode] || undefined;
  if (text === undefined || text === 'atomic' || text === 'in-place') return text;
  throw annotationInvalid(annotations.writeMode, text, 'no such write mode', 'write "atomic" or "in-place"');
}

/** Ports below 1024 are root's. */
function readMetricsPort(values: Annotations): number | undefined {
  const text = values[annotations.metricsPort] || undefined;
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port === 0 || (port >= 1024 && port <= 65535)) return port;
  throw annotationInvalid(
    annotations.metricsPort,
    text,
    'not a port',
    'write a number from 1024 to 65535, or 0 for none',
  );
}

function warnAboutNames(subject: string, sans: readonly string[]): string[] {
  const warnings: string[] = [];
  if (!sans.includes(subject)) {
    warnings.push(`${annotations.sans} lacks the name ${quote(subject)}: TLS clients will not accept it for this name`);
  }
  if (subject.length > maxCommonName) {
    warnings.push(
      `${annotations.name} is longer than ${maxCommonName} characters: some TLS software refuses such a name`,
    );
  }
  return warnings;
}

function warnAboutUnknown(values: Annotations): string[] {
  const known: readonly string[] = Object.values(annotations);
  return Object.keys(values)
    .filter((key) => key.startsWith(annotationPrefix) && !known.includes(key))
    .map((key) => {
      const nearest = findNearest(
        key.slice(annotationPrefix.length),
        known.map((name) => name.slice(annotationPrefix.length)),
      );
      return `annotation ${key} is not known${nearest === undefined ? '' : `; did you mean ${annotationPrefix}${nearest}?`}`;
    });
}
