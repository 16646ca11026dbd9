/** Routes of the core API and what each one does with a request. Paths, statuses and bodies are step-ca's. */
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { EpochMs } from '../../lib/time/index.ts';
import {
  type Certificate,
  groupSans,
  parseCertificate,
  type SubjectAltNames,
  sanTypes,
  serialDecimal,
} from '../../lib/x509/index.ts';
import type { Authority, Issued, ProvisionerRecord, TokenObserver } from '../authority/index.ts';
import type { TlsOptions } from '../config/index.ts';
import type { RequestRecord } from './app.ts';
import { keyUnknown, limitInvalid, missing, rootUnknown, sshNotEnabled } from './errors.ts';
import type { RequestLogFormat } from './request-log.ts';
import { readRekeyBody, readRevokeBody, readSignBody } from './requests.ts';
import { certificatePem, renderCertificates, renderIssued, renderPemFile } from './responses.ts';
import { answerRevocationList } from './revocation-list.ts';
import { refuseSsh } from './ssh-absent.ts';

/** What the routes serve from; a reload replaces it as a whole. */
export type ApiContext = {
  readonly authority: Authority;
  readonly tls: TlsOptions;
  /** Version of step-ca whose API this is; clients compare it. */
  readonly version: string;
  readonly traceHeader: string;
  readonly requestLogFormat: RequestLogFormat;
  /** Whether the database answers: without it nothing is signed or renewed. */
  readonly ready: () => boolean;
};

type Handler = (request: FastifyRequest, reply: FastifyReply, context: ApiContext) => unknown;
export type Route = readonly [method: HTTPMethods, path: string, handler: Handler];

const routesOfCore: readonly Route[] = [
  ['GET', '/health', () => ({ status: 'ok' })],
  ['GET', '/readyz', readiness],
  ['GET', '/version', (_request, _reply, { version }) => ({ version })],
  ['GET', '/root/:sha', getRoot],
  ['GET', '/roots', (_request, reply, { authority }) => created(reply, renderCertificates(authority.roots))],
  ['GET', '/roots.pem', (_request, reply, { authority }) => pemFile(reply, authority.roots)],
  ['GET', '/intermediates', (_request, reply, { authority }) => created(reply, renderCertificates(authority.chain))],
  ['GET', '/intermediates.pem', (_request, reply, { authority }) => pemFile(reply, authority.chain)],
  ['GET', '/federation', (_request, reply, { authority }) => created(reply, renderCertificates(authority.federation))],
  ['GET', '/provisioners', listProvisioners],
  ['GET', '/provisioners/:kid/encrypted-key', getEncryptedKey],
  ['GET', '/crl', (request, reply, { authority }) => answerRevocationList(request, reply, authority.revocationLists)],
  ['POST', '/sign', sign],
  ['POST', '/renew', renew],
  ['POST', '/re-sign', renew],
  ['POST', '/rekey', rekey],
  ['POST', '/revoke', revoke],
  // Without SSH keys: what the CLI asks to find that out.
  ['GET', '/ssh/roots', noSsh],
  ['GET', '/ssh/federation', noSsh],
  ['GET', '/ssh/hosts', () => ({ hosts: [] })],
  ['GET', '/ssh/get-hosts', () => ({ hosts: [] })],
  ['POST', '/ssh/config', noSsh],
  ['POST', '/ssh/config/:type', noSsh],
  ['POST', '/ssh/check-host', noSsh],
  ['POST', '/ssh/bastion', noSsh],
  ['POST', '/ssh/sign', refuseFlow('sign')],
  ['POST', '/sign-ssh', refuseFlow('sign')],
  ['POST', '/ssh/renew', refuseFlow('renew')],
  ['POST', '/ssh/rekey', refuseFlow('rekey')],
  ['POST', '/ssh/revoke', refuseFlow('revoke')],
];

/** Every route is there twice. */
export const coreRoutes: readonly Route[] = ['', '/1.0'].flatMap((prefix) =>
  routesOfCore.map(([method, path, handler]): Route => [method, `${prefix}${path}`, handler]),
);

/** `findMethod` names the method of a path that has one. */
export function registerRoutes(
  app: FastifyInstance,
  routes: readonly Route[],
  context: () => ApiContext,
): { findMethod: (path: string) => string | undefined } {
  const known: { readonly pattern: RegExp; readonly method: string }[] = [];
  for (const [method, path, handler] of routes) {
    const pattern = path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+');
    known.push({ pattern: new RegExp(`^${pattern}$`), method: String(method) });
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        if (request.raw.url?.split('?', 1)[0]?.endsWith('/')) return reply.callNotFound(); // `/root/` has no fingerprint
        const answer = await handler(request, reply, context());
        return Buffer.isBuffer(answer) ? answer : json(reply, answer);
      },
    });
  }
  return { findMethod: (path) => known.find(({ pattern }) => pattern.test(path))?.method };
}

/** JSON ends in a line feed, as Go's encoder writes it. As bytes: to a text fastify would add a charset. */
function json(reply: FastifyReply, body: unknown): Buffer {
  reply.header('Content-Type', 'application/json');
  return Buffer.from(`${JSON.stringify(body)}\n`);
}

function created(reply: FastifyReply, body: unknown): unknown {
  reply.code(201); // also for the three GETs: step-ca does, and clients only look for >= 400
  return body;
}

function pemFile(reply: FastifyReply, certificates: readonly Certificate[]): Buffer {
  reply.header('Content-Type', 'application/x-pem-file');
  return Buffer.from(renderPemFile(certificates));
}

/** Unlike /health, which says that the process lives: whether this replica can do its work. */
function readiness(_request: FastifyRequest, reply: FastifyReply, { ready }: ApiContext) {
  if (ready()) return { status: 'ok' };
  reply.code(503);
  return { status: 'unavailable' };
}

function getRoot(request: FastifyRequest, _reply: FastifyReply, { authority }: ApiContext) {
  const sha256 = parameter(request, 'sha').replaceAll('-', '').toLowerCase();
  const root = authority.findRoot(sha256);
  if (!root) throw rootUnknown(sha256);
  return { ca: certificatePem(root) };
}

function listProvisioners(request: FastifyRequest, _reply: FastifyReply, { authority }: ApiContext) {
  const query = new URL(request.raw.url ?? '', 'http://localhost').searchParams;
  const limit = query.get('limit') || '0';
  if (!/^[+-]?\d{1,18}$/.test(limit)) throw limitInvalid(limit);
  const { provisioners, nextCursor } = authority.listProvisioners(query.get('cursor') ?? '', Number(limit));
  return { provisioners: provisioners.map(({ listing }) => listing), nextCursor };
}

function getEncryptedKey(request: FastifyRequest, _reply: FastifyReply, { authority }: ApiContext) {
  const kid = parameter(request, 'kid');
  const key = authority.provisioners.findEncryptedKey(kid);
  if (key === undefined) throw keyUnknown(kid);
  return { key };
}

function noSsh(): never {
  throw sshNotEnabled();
}

function refuseFlow(flow: 'sign' | 'renew' | 'rekey' | 'revoke'): Handler {
  return (request) => {
    throw refuseSsh(flow, request.body as Buffer | undefined);
  };
}

async function sign(request: FastifyRequest, reply: FastifyReply, context: ApiContext) {
  const body = readSignBody(request.body as Buffer | undefined);
  const requestId = String(reply.getHeader('X-Request-Id'));
  const issued = await context.authority.sign({ ...body, requestId }, (token) =>
    Object.assign(request.record, describeToken(token)),
  );
  return answerIssued(request, reply, issued, context);
}

async function renew(request: FastifyRequest, reply: FastifyReply, context: ApiContext) {
  const certificate = peerCertificate(request) ?? (await certificateOfToken(request, context.authority));
  if (!certificate) throw missing('client certificate');
  request.record.renews = serialDecimal(certificate);
  return answerIssued(request, reply, await context.authority.renew(certificate), context);
}

async function rekey(request: FastifyRequest, reply: FastifyReply, context: ApiContext) {
  const certificate = peerCertificate(request);
  if (!certificate) throw missing('client certificate');
  const csr = readRekeyBody(request.body as Buffer | undefined);
  request.record.renews = serialDecimal(certificate);
  return answerIssued(request, reply, await context.authority.renew(certificate, csr), context);
}

async function revoke(request: FastifyRequest, _reply: FastifyReply, { authority }: ApiContext) {
  const { token, ...revocation } = readRevokeBody(request.body as Buffer | undefined);
  request.record.serial = revocation.serial;
  const certificate = peerCertificate(request);
  if (token === '' && !certificate) throw missing('ott or client certificate');
  const by = token !== '' || !certificate ? { token } : { certificate };
  const { reasonCode, reason } = revocation;
  Object.assign(request.record, { reasonCode, reason, passiveOnly: true, mTLS: 'certificate' in by });
  await authority.revoke({ ...revocation, by }, ({ provisioner, tokenId }) =>
    Object.assign(request.record, { provisioner, 'token-id': tokenId }),
  );
  return { status: 'ok' };
}

function answerIssued(request: FastifyRequest, reply: FastifyReply, issued: Issued, { authority, tls }: ApiContext) {
  Object.assign(request.record, describeIssued(issued, authority));
  return created(reply, renderIssued(issued.certificate, authority.chain, tls));
}

function describeToken({ subject, sans, provisioner, tokenId }: Parameters<TokenObserver>[0]): RequestRecord {
  return { subject, sans: describeSans(groupSans(sans)), provisioner, 'token-id': tokenId };
}

function describeIssued({ certificate, provisioner, clipped }: Issued, { chain }: Authority): RequestRecord {
  return {
    provisioner: provisioner && describeProvisioner(provisioner),
    serial: serialDecimal(certificate),
    subject: certificate.commonName,
    issuer: chain[0].commonName,
    sans: describeSans(certificate.sans),
    'valid-from': formatTime(certificate.notBefore),
    'valid-to': formatTime(certificate.notAfter),
    'public-key': certificate.publicKeyInfo.description,
    ...(clipped ? { 'clipped-to-issuer': true } : {}),
  };
}

/** As step-ca shows it: the name, and the id of its key in brackets. */
function describeProvisioner({ id, name }: ProvisionerRecord): string {
  const kid = id.startsWith(`${name}:`) ? id.slice(name.length + 1) : '';
  return kid === '' ? name : `${name} (${kid})`;
}

/** Kinds that there are, each with its names. */
const describeSans = (sans: SubjectAltNames): Record<string, readonly string[]> =>
  Object.fromEntries(sanTypes.flatMap((type) => (sans[type].length > 0 ? [[type, sans[type]]] : [])));

const formatTime = (time: EpochMs): string => `${new Date(time).toISOString().slice(0, -5)}Z`;

/** A connection keeps the certificate it began with (lib/http). */
const certificateOfSocket = new WeakMap<object, Certificate>();

/** The client certificate of the connection. The listener let it in, so it is verified. */
function peerCertificate(request: FastifyRequest): Certificate | undefined {
  const socket = request.raw.socket as Partial<TLSSocket>;
  const known = certificateOfSocket.get(socket);
  const peer = known || !socket.authorized ? undefined : socket.getPeerX509Certificate?.();
  if (!peer) return known;
  const certificate = parseCertificate(peer.raw);
  certificateOfSocket.set(socket, certificate);
  return certificate;
}

const bearer = 'Bearer ';

/** Only this spelling of the scheme counts, as in step-ca. */
async function certificateOfToken(request: FastifyRequest, authority: Authority): Promise<Certificate | undefined> {
  const header = request.headers.authorization ?? '';
  const at = header.indexOf(bearer);
  return at < 0 ? undefined : authority.authorizeRenewToken(header.slice(at + bearer.length));
}

function parameter(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}
