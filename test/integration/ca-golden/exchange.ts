/**
 * Recorded exchanges with step-ca 0.30.2 (test/golden/step-ca): raw requests over a fresh connection each, and what came
 * back. Their tokens and certificates are of throw-away keys and long expired.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Exchange = {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** In wire order. */
    readonly headers: readonly (readonly [string, string])[];
    /** JSON value, or text that is no JSON; null for none, and for the literal when Content-Length says so. */
    readonly body?: unknown;
    readonly transport?: string;
    /** PEM: leaf, then what was sent above it. */
    readonly clientCertificate?: readonly string[];
    readonly tokenDecoded?: { readonly header: JsonObject; readonly claims: JsonObject };
  };
  readonly response: {
    readonly statusLine?: string | null;
    readonly headers?: readonly (readonly [string, string])[] | null;
    readonly body?: unknown;
    readonly bodyEndsInLF?: boolean;
    /** The handshake or the connection failed. */
    readonly connectionError?: string;
  };
  /** The leaf that was issued, taken apart. */
  readonly certificate?: {
    readonly dns: readonly string[] | null;
    readonly ip: readonly string[] | null;
    readonly email: readonly string[] | null;
    readonly uri: readonly string[] | null;
    /** `oid [critical] hex` */
    readonly extensionsInOrder: readonly string[];
    readonly lifetime: string;
    readonly notBeforeRelativeToNowSeconds: number;
    readonly publicKeyAlgorithm: string;
    readonly signatureAlgorithm: string;
    readonly subject: string;
    readonly issuer: string;
  };
};

export type JsonObject = Readonly<Record<string, unknown>>;

export type GoldenFile = 'read' | 'sign' | 'renew' | 'revoke';

export function loadExchanges(file: GoldenFile): readonly Exchange[] {
  const path = join(import.meta.dirname, '../../golden/step-ca', `${file}.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { exchanges: Exchange[] }).exchanges;
}

/** When it was recorded, epoch ms; undefined when no answer carries the time. */
export function recordedAt({ response }: Exchange): number | undefined {
  const date = response.headers?.find(([name]) => name === 'Date')?.[1];
  return date === undefined ? undefined : Date.parse(date);
}
