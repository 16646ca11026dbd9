/**
 * The `tls` member of ca.json: Go's names for cipher suites and JSON numbers for versions, for Node's TLS. It is also
 * what sign answers carry as `tlsOptions`, for the servers of the clients.
 */
import { configInvalid } from './errors.ts';

export type TlsOptions = {
  readonly cipherSuites: readonly string[];
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly renegotiation: boolean;
};

/** step-ca's defaults: two suites, so that a TLS 1.2 client without them fails the handshake. */
export const defaultTlsOptions: TlsOptions = {
  cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  minVersion: 1.2,
  maxVersion: 1.3,
  renegotiation: false,
};

/** Names without the hash are Go's older ones; files of old tutorials have them. */
const opensslNames: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
};

/** Suites of TLS 1.3 are not configurable in Go; all three are offered. */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** RC4 and 3DES suites that Go still names; nothing here offers them. */
const refusedSuite = /_(RC4|3DES)_/;

const nodeVersions: Readonly<Record<string, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>> = {
  '1': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/** Fills defaults and checks. Zero is Go's "not set". @throws {AppError} ERR_CA_CONFIG */
export function resolveTlsOptions(given: {
  readonly cipherSuites?: readonly string[] | undefined;
  readonly minVersion?: number | undefined;
  readonly maxVersion?: number | undefined;
  readonly renegotiation?: boolean | undefined;
}): TlsOptions {
  const suites = given.cipherSuites ?? [];
  for (const suite of suites) {
    if (opensslNames[suite] === undefined && !tls13Suites.includes(suite)) {
      const problem = refusedSuite.test(suite) ? 'is broken and not offered' : 'is not a valid cipher suite';
      throw configInvalid('tls.cipherSuites', `${suite} ${problem}`);
    }
  }
  const options: TlsOptions = {
    cipherSuites: suites.length === 0 ? defaultTlsOptions.cipherSuites : suites,
    minVersion: given.minVersion || defaultTlsOptions.minVersion,
    maxVersion: given.maxVersion || defaultTlsOptions.maxVersion,
    renegotiation: given.renegotiation ?? false,
  };
  for (const field of ['minVersion', 'maxVersion'] as const) {
    if (nodeVersions[String(options[field])] === undefined) {
      throw configInvalid(`tls.${field}`, `${options[field]} is not a valid tls version`);
    }
  }
  if (options.minVersion > options.maxVersion) throw configInvalid('tls minVersion', 'cannot exceed tls maxVersion');
  return options;
}

/** The same for Node: `ciphers`, `minVersion`, `maxVersion` of a secure context. */
export function nodeTlsOptions(options: TlsOptions): {
  ciphers: string;
  minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
} {
  const suites = options.cipherSuites.flatMap((suite) => opensslNames[suite] ?? []);
  return {
    ciphers: [...tls13Suites, ...new Set(suites)].join(':'),
    minVersion: nodeVersions[String(options.minVersion)] ?? 'TLSv1.2',
    maxVersion: nodeVersions[String(options.maxVersion)] ?? 'TLSv1.3',
  };
}
