/** Bodies of the core API taken apart, with step-ca's order of complaints. Judges form only. */

import { parsePem } from '../../lib/encoding/index.ts';
import { isAppError } from '../../lib/errors/index.ts';
import { type CertificateRequest, parseCertificateRequest, verifyCertificateRequest } from '../../lib/x509/index.ts';
import { parseTimeOrDuration, type TimeOrDuration } from '../authority/index.ts';
import { csrSignature, jsonMalformed, missing, notOffered, reasonCodeInvalid, serialInvalid } from './errors.ts';
import { readJsonBody } from './json-body.ts';

export type SignBody = {
  readonly csr: CertificateRequest;
  readonly token: string;
  readonly notBefore: TimeOrDuration | undefined;
  readonly notAfter: TimeOrDuration | undefined;
  /** Any JSON, for templates; undefined when there is none. */
  readonly templateData: unknown;
};

/**
 * `{csr, ott, notBefore?, notAfter?, templateData?}`.
 * @throws {AppError} ERR_REQUEST_JSON, ERR_REQUEST_MISSING, ERR_REQUEST_CSR_SIGNATURE (invalid)
 */
export function readSignBody(body: Uint8Array | undefined): SignBody {
  const members = readJsonBody(body);
  const csr = readCsr(members.text('csr'));
  const token = members.text('ott');
  const [notBefore, notAfter] = [readTime(members.text('notBefore')), readTime(members.text('notAfter'))];
  if (!csr) throw missing('csr');
  if (!verifyCertificateRequest(csr)) throw csrSignature();
  if (token === '') throw missing('ott');
  return { csr, token, notBefore, notAfter, templateData: members.any('templateData') };
}

/** `{csr}`; only its key is used. @throws {AppError} as {@link readSignBody} */
export function readRekeyBody(body: Uint8Array | undefined): CertificateRequest {
  const csr = readCsr(readJsonBody(body).text('csr'));
  if (!csr) throw missing('csr');
  if (!verifyCertificateRequest(csr)) throw csrSignature();
  return csr;
}

export type RevokeBody = {
  /** Decimal. */
  readonly serial: string;
  readonly token: string;
  readonly reasonCode: number;
  readonly reason: string;
};

/** RFC 5280 5.3.1; 7 is not used there and accepted by step-ca. */
const maxReasonCode = 10;

/**
 * `{serial, ott?, reasonCode, reason, passive}`.
 * @throws {AppError} ERR_REQUEST_JSON, ERR_REQUEST_MISSING, ERR_REQUEST_SERIAL, ERR_REQUEST_REASON_CODE (invalid),
 *   ERR_NOT_IMPLEMENTED for a revocation that is not passive
 */
export function readRevokeBody(body: Uint8Array | undefined): RevokeBody {
  const members = readJsonBody(body);
  const given = members.text('serial');
  const [token, reason] = [members.text('ott'), members.text('reason')];
  const [reasonCode, passive] = [members.integer('reasonCode'), members.flag('passive')];
  if (given === '') throw missing('serial');
  const serial = readGoInteger(given);
  if (serial === undefined) throw serialInvalid(given);
  if (reasonCode < 0 || reasonCode > maxReasonCode) throw reasonCodeInvalid();
  if (!passive) throw notOffered('active revocation', 'unavailable');
  return { serial: serial.toString(10), token, reasonCode, reason };
}

/** Text before the PEM block is skipped and any label is taken. Undefined when there is no text at all. */
function readCsr(pem: string): CertificateRequest | undefined {
  if (pem === '' || pem === 'null') return undefined;
  try {
    const [block] = parsePem(pem);
    if (block) return parseCertificateRequest(block.der);
  } catch (error) {
    if (isAppError(error) && error.code === 'ERR_PUBLIC_KEY_KIND') throw csrSignature(); // step-ca reads it, but cannot verify
    // falls through: the client reads no more than that the body is malformed
  }
  throw jsonMalformed();
}

function readTime(text: string): TimeOrDuration | undefined {
  if (text === '') return undefined;
  const time = parseTimeOrDuration(text);
  if (!time) throw jsonMalformed();
  return time;
}

const goInteger = /^([+-]?)(0x(?:_?[0-9a-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+|0(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/i;
/** A serial number has 20 octets (RFC 5280 4.1.2.2); longer texts would only cost time. */
const maxIntegerLength = 200;

/** An integer as Go's big.Int.SetString with base 0: prefixes 0x 0b 0o, a leading 0 is octal, underscores between digits. */
function readGoInteger(text: string): bigint | undefined {
  const match = text.length > maxIntegerLength ? null : goInteger.exec(text);
  if (!match) return undefined;
  const [, sign, magnitude = ''] = match;
  const digits = magnitude.replaceAll('_', '').replace(/^0(?=[0-7])/, '0o');
  const value = BigInt(digits);
  return sign === '-' ? -value : value;
}
