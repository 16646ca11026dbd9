/**
 * The record of a request in the formats of step-ca (`logger.format`: text, json, common) and under its names, so that
 * what reads its log reads ours. Unlike there, a token is named by its id and a certificate by its serial number: neither
 * is written out.
 */
import { formatGoDuration } from '../../lib/time/index.ts';

export const requestLogFormats = ['text', 'json', 'common'] as const;
export type RequestLogFormat = (typeof requestLogFormats)[number];

export type RequestLogLevel = 'info' | 'warning' | 'error';

/** What every record says. */
export type RequestFacts = {
  readonly requestId: string;
  readonly remoteAddress: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
  readonly durationMs: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly protocol: string;
  readonly status: number;
  /** Bytes of the answer's body. */
  readonly size: number;
  readonly referer: string;
  readonly userAgent: string;
};

/** One line without its line feed. `details` are those of the route; undefined ones are left out. */
export function renderRequest(
  format: RequestLogFormat,
  facts: RequestFacts,
  details: Readonly<Record<string, unknown>>,
): string {
  if (format === 'common') return renderCommon(facts);
  const level = levelOf(facts.status);
  const { durationMs } = facts;
  const fields: Record<string, unknown> = {
    ...details,
    duration: formatGoDuration(durationMs),
    'duration-ns': Math.round(durationMs * 1e6),
    'fields.time': facts.time,
    method: facts.method,
    name: 'ca',
    path: facts.path,
    protocol: facts.protocol,
    referer: facts.referer,
    'remote-address': facts.remoteAddress,
    'request-id': facts.requestId,
    size: facts.size,
    status: facts.status,
    'user-agent': facts.userAgent,
    'user-id': '',
  };
  const names = Object.keys(fields)
    .filter((name) => fields[name] !== undefined)
    .sort();
  if (format === 'text') {
    const pairs = names.map((name) => ` ${name}=${renderValue(fields[name])}`);
    return `time=${renderValue(facts.time)} level=${level}${pairs.join('')}`;
  }
  return JSON.stringify(
    Object.fromEntries(
      [...names.map((name) => [name, fields[name]] as const), ['level', level], ['msg', ''], ['time', facts.time]].sort(
        ([one = ''], [other = '']) => (one < other ? -1 : 1),
      ) as [string, unknown][],
    ),
  );
}

export const levelOf = (status: number): RequestLogLevel =>
  status >= 500 ? 'error' : status >= 400 ? 'warning' : 'info';

/** As logrus: plain if there is nothing in it that needs quotes. */
function renderValue(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? renderGoValue(value) : String(value);
  return /^[\w\-./@^+]*$/.test(text) ? text : JSON.stringify(text);
}

/** As Go's %v prints lists and maps. */
function renderGoValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderGoValue).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `map[${members.map(([name, member]) => `${name}:${renderGoValue(member)}`).join(' ')}]`;
}

function renderCommon(facts: RequestFacts): string {
  const parts = [facts.requestId, facts.remoteAddress, 'ca', '', facts.time, formatGoDuration(facts.durationMs)];
  // a line feed or quote in a path is escaped by whoever wrote the URL; what is not, would forge a record
  const request = `${facts.method} ${facts.path} ${facts.protocol}`.replace(/["\\\p{Cc}]/gu, '');
  return `${parts.map((part) => part.replace(/[\s\p{Cc}]+/gu, '') || '-').join(' ')} "${request}" ${facts.status} ${facts.size}`;
}
