/**
 * PEM (RFC 7468): blocks of base64 between BEGIN and END lines. Text outside the blocks is ignored, as every
 * consumer of PEM files does; RFC 1421 headers (Proc-Type, DEK-Info) are kept because old key files have them.
 */
import { AppError } from '../errors/index.ts';

export type PemBlock = {
  readonly label: string;
  /** RFC 1421 headers, empty for modern files. */
  readonly headers: ReadonlyMap<string, string>;
  readonly der: Buffer;
};

/** Two expressions used in turn: one for both would look for the end of every unclosed BEGIN, in quadratic time. */
const beginLine = /-----BEGIN ([^\r\n-]*)-----[ \t]*\r?\n/g;
const endLine = /-----END ([^\r\n-]*)-----/g;

/**
 * All blocks of a text, in order.
 * @throws {AppError} ERR_PEM (invalid) when a block is not base64 or ends under another label
 */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  beginLine.lastIndex = 0;
  for (let begin = beginLine.exec(text); begin; begin = beginLine.exec(text)) {
    endLine.lastIndex = beginLine.lastIndex;
    const end = endLine.exec(text);
    if (!end) break;
    const label = begin[1] ?? '';
    if (label !== end[1]) throw malformed(label, `ends as ${clip(end[1] ?? '')}`);
    blocks.push(parseBlock(label, text.slice(beginLine.lastIndex, end.index)));
    beginLine.lastIndex = endLine.lastIndex;
  }
  return blocks;
}

function parseBlock(label: string, body: string): PemBlock {
  if (!body.includes(':')) return { label, headers: noHeaders, der: decodeBody(label, body) };
  const headers = new Map<string, string>();
  const lines = body.split(/\r?\n/);
  const found = lines.findIndex((line) => !line.includes(':'));
  const firstLine = found < 0 ? lines.length : found;
  for (const line of lines.slice(0, firstLine)) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { label, headers, der: decodeBody(label, lines.slice(firstLine).join('')) };
}

const noHeaders: ReadonlyMap<string, string> = new Map();

function decodeBody(label: string, body: string): Buffer {
  const base64 = body.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw malformed(label, 'is not base64');
  }
  return Buffer.from(base64, 'base64');
}

const clip = (label: string): string => (label.length > 40 ? `${label.slice(0, 40)}…` : label);
const malformed = (label: string, problem: string): AppError =>
  new AppError('ERR_PEM', 'invalid', `pem: block ${clip(label)} ${problem}`);

/** DER bytes of every CERTIFICATE block. @throws {AppError} ERR_PEM (invalid) when there is none */
export function parseCertificatePem(text: string): Buffer[] {
  const ders = parsePem(text)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => der);
  if (ders.length === 0) throw new AppError('ERR_PEM', 'invalid', 'pem: no certificate found');
  return ders;
}

/** One block, 64 columns, ending in a line feed. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  let lines = '';
  for (let start = 0; start < base64.length; start += 64) lines += `${base64.slice(start, start + 64)}\n`;
  return `-----BEGIN ${label}-----\n${lines || '\n'}-----END ${label}-----\n`;
}
