/**
 * The CA that a token speaks of: its root is fetched and compared with the fingerprint in the token, so that the
 * bearer of a token needs nothing else. Only a token without a fingerprint needs --root.
 */
import { fetchRootByFingerprint } from '../../lib/ca-client/index.ts';
import type { Invocation } from '../command.ts';
import { caUrlOption } from '../options/values.ts';
import { userAgent } from '../version.ts';
import { type Connection, connectTo, loadRoots } from './connection.ts';
import type { TokenContents } from './one-time-token.ts';

export async function connectByToken(invocation: Invocation, token: TokenContents): Promise<Connection> {
  const { options } = invocation;
  const caUrl = options.text('ca-url') || !token.caUrl ? caUrlOption(options) : token.caUrl;
  if (!token.rootFingerprint) return connectTo(caUrl, loadRoots(invocation));
  return connectTo(caUrl, await fetchRootByFingerprint(caUrl, token.rootFingerprint, { userAgent }));
}
