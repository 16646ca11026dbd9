/**
 * One HTTPS exchange over `node:https`: does the IO, judges nothing but TLS. No connection is reused unless the caller
 * keeps one: the next request may carry another client certificate, and an old TLS session would keep the old one.
 *
 * Keep: every exchange ends, by its own time-out, and no answer larger than the limit is held in memory.
 */
import { request } from 'node:https';
import { type Call, cancelled, certificateRejected, malformedAnswer, unreachable, untrusted } from './errors.ts';
import type { KeptConnection } from './kept-connection.ts';
import { classifyTlsFailure, codeOf, firstOf, withoutCertificate } from './tls-failure.ts';

/** Whom to trust and who we are. */
export type TlsIdentity = {
  /** PEM, one or more certificates each. `unverified` is for fetching what is compared with a fingerprint only. */
  readonly roots: readonly string[] | 'unverified';
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string } | undefined;
};

export type HttpRequest = {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls: TlsIdentity;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Carries this request too, if it may; a connection of its own otherwise. */
  readonly connection?: KeptConnection | undefined;
};

export type HttpAnswer = {
  readonly status: number;
  readonly requestId: string | undefined;
  readonly body: string;
};

/** Thousands of provisioners or roots fit. */
const maxAnswerBytes = 8 * 1024 * 1024;

/**
 * @throws {AppError} ERR_CA_UNREACHABLE (unavailable), ERR_CA_UNTRUSTED (forbidden), ERR_CA_REFUSED (unauthenticated)
 *   when the handshake ends because of our certificate, ERR_CA_ANSWER (unavailable) when the answer is too large,
 *   ERR_CANCELLED when `signal` aborts
 */
export function exchange(call: Call, http: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    if (http.signal?.aborted) return reject(cancelled(call));
    const deadline = AbortSignal.timeout(http.timeoutMs);
    const signal = http.signal ? AbortSignal.any([http.signal, deadline]) : deadline;
    const fail = (error: unknown): void => {
      if (http.signal?.aborted) reject(cancelled(call));
      else if (deadline.aborted) reject(unreachable(call, new Error(`no answer within ${http.timeoutMs / 1000} s`)));
      else reject(explainFailure(call, http, error));
    };
    const body = http.body ?? '';
    http.connection?.prepare(http.tls);
    const outgoing = request(
      http.url,
      {
        method: http.method,
        headers: { ...http.headers, ...(http.method === 'POST' ? { 'Content-Length': Buffer.byteLength(body) } : {}) },
        agent: http.connection?.agent ?? false,
        minVersion: 'TLSv1.2',
        signal,
        ...tlsOptions(http.tls),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= maxAnswerBytes) chunks.push(chunk);
          else incoming.destroy(malformedAnswer(call, `larger than ${maxAnswerBytes} bytes`));
        });
        incoming.on('error', fail);
        incoming.on('end', () => {
          http.connection?.record(outgoing.socket, http.tls);
          const id = incoming.headers['x-request-id'];
          resolve({
            status: incoming.statusCode ?? 0,
            requestId: typeof id === 'string' ? id : undefined,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function tlsOptions({ roots, clientCertificate }: TlsIdentity) {
  return {
    // an empty list of trusted roots, or Node would read all those of the web for nothing
    ...(roots === 'unverified' ? { ca: [], rejectUnauthorized: false } : { ca: [...roots], rejectUnauthorized: true }),
    ...(clientCertificate ? { cert: clientCertificate.certPem, key: clientCertificate.keyPem } : {}),
  };
}

function explainFailure(call: Call, http: HttpRequest, error: unknown): unknown {
  const cause = firstOf(error);
  const code = codeOf(cause);
  if (code === 'ERR_CA_ANSWER') return cause;
  const failure = classifyTlsFailure(cause);
  if (failure === 'peer-untrusted') return untrusted(call, code, withoutCertificate(cause));
  if (failure === 'own-certificate-refused' && http.tls.clientCertificate) return certificateRejected(call, cause);
  if (failure === 'not-tls') {
    return unreachable(call, new Error('it does not speak TLS'), 'is it the port of plain HTTP?');
  }
  return unreachable(call, cause);
}
