/** JSON requests to a CA of a test, each over a connection of its own, without looking at its certificate. */
import { request } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

export type JsonAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** `status` 0 when the connection ended without an answer. */
export function ask(
  port: number,
  path: string,
  options: { method?: string; body?: string | Buffer; headers?: Record<string, string>; tls?: ConnectionOptions } = {},
): Promise<JsonAnswer> {
  const { body, headers, tls, method = body === undefined ? 'GET' : 'POST' } = options;
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        rejectUnauthorized: false,
        headers: { ...length, ...headers },
        ...tls,
      },
      async (response) => {
        let text = '';
        try {
          for await (const chunk of response) text += chunk;
        } catch {
          // an answer that was cut short is what has come of it
        }
        resolve({ status: response.statusCode ?? 0, body: parse(text) });
      },
    );
    outgoing.on('error', () => resolve({ status: 0, body: {} }));
    outgoing.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
