/**
 * Reads an AdmissionReview of either version. What is refused here is refused with an HTTP error, since there is no
 * request to answer; what can be answered, an odd object among it, goes to the decision.
 *
 * Fields that the API server always sends and that decide nothing (options, oldObject, requestKind) are not looked at, so
 * that a later version of Kubernetes or a test by hand may leave them out.
 */

import { reviewMalformed } from './errors.ts';
import { quote } from './quote.ts';
import type { Review, ReviewVersion } from './types.ts';

const versions: readonly string[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] satisfies ReviewVersion[];

/**
 * The request inside a decoded body.
 *
 * @throws {AppError} ERR_ADMISSION_REVIEW (invalid)
 */
export function parseAdmissionReview(body: unknown): Review {
  if (!isRecord(body)) throw reviewMalformed(`the body is ${describe(body)}, not an object`);
  if (body.kind !== 'AdmissionReview') throw reviewMalformed(`kind is ${describe(body.kind)}, not "AdmissionReview"`);
  if (!isVersion(body.apiVersion)) throw reviewMalformed(`apiVersion is ${describe(body.apiVersion)}`);
  const { request } = body;
  if (!isRecord(request)) throw reviewMalformed(`request is ${describe(request)}, not an object`);
  const uid = textAt(request, 'uid');
  if (uid === '') throw reviewMalformed('request.uid is missing');
  const kind = isRecord(request.kind) ? request.kind : {};
  const userInfo = isRecord(request.userInfo) ? request.userInfo : {};
  if (request.dryRun !== undefined && request.dryRun !== null && typeof request.dryRun !== 'boolean') {
    throw reviewMalformed(`request.dryRun is ${describe(request.dryRun)}, not a boolean`);
  }
  return {
    apiVersion: body.apiVersion,
    uid,
    namespace: textAt(request, 'namespace'),
    name: textAt(request, 'name'),
    operation: textAt(request, 'operation'),
    kind: { group: textAt(kind, 'group'), version: textAt(kind, 'version'), kind: textAt(kind, 'kind') },
    subResource: textAt(request, 'subResource'),
    dryRun: request.dryRun === true,
    username: textAt(userInfo, 'username'),
    object: request.object,
  };
}

function textAt(record: Readonly<Record<string, unknown>>, key: string): string {
  const value = record[key] ?? '';
  if (typeof value !== 'string') throw reviewMalformed(`${key} is ${describe(value)}, not a string`);
  return value;
}

const isVersion = (value: unknown): value is ReviewVersion => typeof value === 'string' && versions.includes(value);

/** A JSON object: neither null nor a list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON value in a message: short texts are shown, of everything else the type. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
