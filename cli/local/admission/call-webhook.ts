/** Sends an AdmissionReview over HTTPS as the API server does: TLS checked against caBundle, by the Service's name. */
import { request } from 'node:https';
import { admissionAnswer } from '../errors.ts';

export type WebhookAddress = {
  readonly port: number;
  /** Name in the certificate: `autocert.step.svc`. */
  readonly serverName: string;
  readonly caBundlePem: string;
};

/** The API server's `timeoutSeconds` by default. */
const timeoutMs = 10_000;

/** @throws {AppError} ERR_LOCAL_ADMISSION (unavailable) */
export function callWebhook(source: string, address: WebhookAddress, review: unknown): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const fail = (problem: string, cause?: unknown): void => reject(admissionAnswer(source, problem, cause));
  const call = request(
    {
      host: '127.0.0.1',
      port: address.port,
      path: `/mutate?timeout=${timeoutMs / 1000}s`,
      method: 'POST',
      servername: address.serverName,
      ca: address.caBundlePem,
      agent: false,
      headers: { Host: address.serverName, 'Content-Type': 'application/json' },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => fail('no answer', error));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return fail(`answered ${response.statusCode}: ${text.slice(0, 500).trim()}`);
        try {
          return resolve(JSON.parse(text));
        } catch (error) {
          return fail('the answer is not JSON', error);
        }
      });
    },
  );
  call.setTimeout(timeoutMs, () => call.destroy(new Error(`nothing within ${timeoutMs / 1000} s`)));
  call.on('error', (error) => fail('no answer', error));
  call.end(JSON.stringify(review));
  return promise;
}
