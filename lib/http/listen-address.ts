/**
 * `host:port` as Go programs write it: `:4443` (every address), `127.0.0.1:0` (a free port), `[::1]:443`.
 * The port is required, so that a forgotten one is not silently 443.
 */
import { isIPv6 } from 'node:net';
import { listenAddressInvalid } from './errors.ts';

/** An empty host means every address of the machine. */
export type ListenAddress = { readonly host: string; readonly port: number };

/** @throws {AppError} ERR_LISTEN_ADDRESS (invalid) */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const bracketed = match?.[1];
  const port = Number(match?.[3]);
  if (!match || port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) throw listenAddressInvalid(text);
  return { host: bracketed ?? match[2] ?? '', port };
}

/** The reverse of {@link parseListenAddress}: brackets around IPv6. */
export const formatListenAddress = ({ host, port }: ListenAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
