/**
 * The SSH routes of a CA without SSH keys. Clients probe them to learn that; the answers are step-ca's: what is missing
 * in a request is said first, then that the flow is not enabled.
 */
import type { AppError } from '../../lib/errors/index.ts';
import { missing, notOffered, reasonCodeInvalid } from './errors.ts';
import { type JsonMembers, readJsonBody } from './json-body.ts';

/** Required members in step-ca's order, with its words. */
const required: Readonly<Record<string, readonly (readonly [member: string, words: string])[]>> = {
  sign: [
    ['publicKey', 'or empty publicKey'],
    ['ott', 'or empty ott'],
  ],
  renew: [['ott', 'or empty ott']],
  rekey: [
    ['ott', 'or empty ott'],
    ['publicKey', 'or empty public key'],
  ],
  revoke: [['serial', 'serial']],
};

/** Why a request for an SSH certificate fails here. @throws {AppError} ERR_REQUEST_JSON, ERR_REQUEST_MISSING (invalid) */
export function refuseSsh(flow: 'sign' | 'renew' | 'rekey' | 'revoke', body: Uint8Array | undefined): AppError {
  const members = readJsonBody(body);
  for (const [member, words] of required[flow] ?? []) {
    if (members.text(member) === '') return missing(words);
  }
  return (flow === 'revoke' ? revokeProblem(members) : undefined) ?? notOffered('an SSH certificate', 'unavailable');
}

function revokeProblem(members: JsonMembers): AppError | undefined {
  const reasonCode = members.integer('reasonCode');
  if (reasonCode < 0 || reasonCode > 10) return reasonCodeInvalid();
  return members.flag('passive') && members.text('ott') === '' ? missing('ott') : undefined;
}
