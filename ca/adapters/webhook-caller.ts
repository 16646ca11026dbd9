/**
 * Calls webhooks over HTTPS: with the certificate of the CA's own listener, to servers that its own roots vouch for; or
 * without one, and then also to servers with a certificate of the web. A connection for each call.
 */
import { request } from 'node:https';
import { getCACertificates, type SecureContextOptions } from 'node:tls';
import { encodePem } from '../../lib/encoding/index.ts';
import type { Certificate } from '../../lib/x509/index.ts';
import type { WebhookAnswer, WebhookCaller } from '../authority/index.ts';
import { webhookAnswerTooLong } from './errors.ts';

/** Data for a certificate is small. */
const maxAnswerBytes = 1024 * 1024;

/** `identity` is asked with each call: the certificate of the listener changes. */
export function createWebhookCaller(
  roots: readonly Certificate[],
  identity: () => Pick<SecureContextOptions, 'cert' | 'key'> | undefined,
): WebhookCaller {
  const own = roots.map(({ der }) => encodePem('CERTIFICATE', der));
  let everybody: readonly string[] | undefined;
  return ({ url, headers, body, withClientCertificate }, signal) => {
    if (!withClientCertificate) everybody ??= [...new Set([...systemRoots(), ...own])];
    const { cert, key } = (withClientCertificate && identity()) || {};
    const tls = {
      ca: [...((withClientCertificate ? undefined : everybody) ?? own)],
      ...(cert && key ? { cert, key } : {}),
      minVersion: 'TLSv1.2' as const,
    };
    return new Promise<WebhookAnswer>((resolve, reject) => {
      const options = {
        ...tls,
        method: 'POST',
        agent: false,
        signal,
        headers: { ...headers, 'User-Agent': 'autocert-ca', 'Content-Length': Buffer.byteLength(body) },
      };
      const outgoing = request(url, options, async (response) => {
        try {
          const chunks: Buffer[] = [];
          let length = 0;
          for await (const chunk of response as AsyncIterable<Buffer>) {
            length += chunk.length;
            if (length > maxAnswerBytes) throw webhookAnswerTooLong(maxAnswerBytes);
            chunks.push(chunk);
          }
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        } catch (error) {
          response.destroy();
          reject(error);
        }
      });
      outgoing.on('error', reject).end(body);
    });
  };
}

/** Those of the machine, and those that Node brings along. */
const systemRoots = (): string[] => [...getCACertificates('system'), ...getCACertificates('default')];
