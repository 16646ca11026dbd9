/** GET /crl: the list as DER or, with `pem` in the query, as PEM; headers as step-ca's but for a valid `Expires`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { encodePem } from '../../lib/encoding/index.ts';
import type { RevocationLists } from '../authority/index.ts';
import { notOffered } from './errors.ts';

/** @throws {AppError} ERR_NOT_ENABLED (not-found) without lists; ERR_CA_STORE_UNAVAILABLE while the database is away */
export async function answerRevocationList(
  request: FastifyRequest,
  reply: FastifyReply,
  lists: RevocationLists | undefined,
): Promise<Buffer> {
  const list = await lists?.current();
  if (!list) throw notOffered('the revocation list', 'not-found');
  const asPem = new URL(request.raw.url ?? '', 'http://localhost').searchParams.has('pem');
  // RFC 9110 5.6.7 wants GMT; step-ca writes UTC, which clients do not understand
  reply.header('Expires', new Date(list.nextUpdate).toUTCString());
  reply.header('Content-Type', asPem ? 'application/x-pem-file' : 'application/pkix-crl');
  reply.header('Content-Disposition', `attachment; filename="crl.${asPem ? 'pem' : 'crl'}"`);
  const der = Buffer.from(list.der.buffer, list.der.byteOffset, list.der.byteLength);
  return asPem ? Buffer.from(encodePem('X509 CRL', der)) : der;
}
