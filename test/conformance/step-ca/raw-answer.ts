/** An answer with its headers and bytes, over a connection of its own. */
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';

export type RawAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly bytes: Buffer };

export function rawAnswer(
  port: number,
  path: string,
  method = 'GET',
  { headers, body }: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false, headers };
    const outgoing = request(options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) });
    });
    outgoing.on('error', reject).end(body);
  });
}
