/**
 * ca.json to settings: pure, no file is touched. Reads what `step ca init` writes and what step re-saves; unknown
 * members are ignored, as step-ca does. A setting that step-ca obeys and this server cannot is refused when leaving it
 * out would issue what the operator forbade, and reported as a warning when it would only offer less.
 */
import { isIPv6 } from 'node:net';
import type { SubjectFields } from '../../lib/x509/index.ts';
import { configInvalid, configNotJson, configUnsupported } from './errors.ts';
import { caSchema, describeIssue } from './schema.ts';
import { resolveTlsOptions, type TlsOptions } from './tls-options.ts';

/** One entry of `authority.provisioners`, as it stands in the file. */
export type ProvisionerJson = { readonly type: string; readonly name?: string | undefined } & Readonly<
  Record<string, unknown>
>;

/** Claims as configured; what is absent is inherited. Durations in milliseconds. */
export type ClaimsJson = {
  readonly minTLSCertDuration?: number | undefined;
  readonly maxTLSCertDuration?: number | undefined;
  readonly defaultTLSCertDuration?: number | undefined;
  readonly disableRenewal?: boolean | undefined;
  readonly allowRenewalAfterExpiry?: boolean | undefined;
  readonly disableSmallstepExtensions?: boolean | undefined;
};

/** Names by kind, as configured. */
export type NameListsJson = Readonly<
  Partial<Record<'cn' | 'dns' | 'ip' | 'email' | 'uri', readonly string[] | undefined>>
>;

/** Which names may be certified. */
export type NamePolicyJson = {
  readonly allow?: NameListsJson | undefined;
  readonly deny?: NameListsJson | undefined;
  readonly allowWildcardNames?: boolean | undefined;
};

export type DatabaseConfig = {
  readonly type: string;
  readonly dataSource: string;
  /** Of a PostgreSQL server, when it is not the one in `dataSource`. */
  readonly database?: string;
};

/** Of `crl`, with what step-ca fills in. */
export type RevocationListSettings = {
  readonly generateOnRevoke: boolean;
  /** From thisUpdate to nextUpdate. */
  readonly cacheDurationMs: number;
  /** Age at which the next list is made. */
  readonly renewPeriodMs: number;
  /** URL in the list; the one in certificates has to be the same. */
  readonly distributionPoint: string;
};

export type CaConfig = {
  /** Paths of own root files; each may hold several certificates. */
  readonly roots: readonly string[];
  readonly federatedRoots: readonly string[];
  /** The issuing certificate and what follows it up to the root, and its key. */
  readonly crt: string;
  readonly key: string;
  /** Password of `key` in clear; the fallback of --password-file. */
  readonly password: string | undefined;
  readonly address: string;
  readonly dnsNames: readonly string[];
  /** Common name of the server's own certificate. */
  readonly commonName: string;
  readonly traceHeader: string;
  readonly requestLogFormat: 'text' | 'json' | 'common';
  readonly database: DatabaseConfig | undefined;
  readonly tls: TlsOptions;
  readonly crl: RevocationListSettings | undefined;
  /** Serves in clear what needs no secrecy; undefined when there is nothing to serve there. */
  readonly insecureAddress: string | undefined;
  readonly metricsAddress: string | undefined;
  readonly provisioners: readonly ProvisionerJson[];
  readonly claims: ClaimsJson;
  readonly policy: NamePolicyJson | undefined;
  readonly template: SubjectFields;
  readonly backdateMs: number;
  readonly disableIssuedAtCheck: boolean;
  /** Addresses of proxies that tokens may name, without a slash at the end. */
  readonly audiences: readonly string[];
  /** How long a certificate of the server itself lives, milliseconds. */
  readonly serverCertificateMs: number;
  /** Settings that have no effect here, one sentence each. */
  readonly warnings: readonly string[];
};

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * @param path named in messages only
 * @throws {AppError} ERR_CA_CONFIG_JSON, ERR_CA_CONFIG, ERR_CA_CONFIG_UNSUPPORTED (all invalid)
 */
export function parseCaConfig(text: string, path: string): CaConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw configNotJson(path, cause);
  }
  const parsed = caSchema.safeParse(json);
  if (!parsed.success) {
    const { field, problem } = describeIssue(parsed.error);
    throw configInvalid(`${path}: ${field}`, problem);
  }
  const { data } = parsed;
  const authority = data.authority;
  requireSupported(data);
  requireCrlPeriods(data.crl);
  const address = requireAddress('address', requireText('address', data.address));
  const dnsNames = requireNames(data.dnsNames ?? ['localhost', '127.0.0.1', '::1']);
  const backdateMs = authority?.backdate ?? minuteMs;
  if (backdateMs < 0) throw configInvalid('authority.backdate', 'cannot be less than 0');
  return {
    roots: requireRoots(data.root),
    federatedRoots: data.federatedRoots ?? [],
    crt: requireText('crt', data.crt),
    key: requireText('key', data.key),
    password: data.password || undefined,
    address,
    dnsNames,
    commonName: data.commonName || 'Step Online CA',
    traceHeader: data.logger?.traceHeader || 'X-Smallstep-Id',
    requestLogFormat: requestLogFormatOf(data.logger?.format),
    database: databaseOf(data.db),
    tls: resolveTlsOptions(data.tls ?? {}),
    crl: crlOf(data, address, dnsNames[0] ?? ''),
    insecureAddress: insecureAddressOf(data),
    metricsAddress: data.metricsAddress ? requireAddress('metricsAddress', data.metricsAddress) : undefined,
    provisioners: authority?.provisioners ?? [],
    claims: authority?.claims ?? {},
    policy: authority?.policy?.x509,
    template: subjectOf(authority?.template ?? {}),
    backdateMs,
    disableIssuedAtCheck: authority?.disableIssuedAtCheck ?? false,
    audiences: requireAudiences(authority?.audiences ?? []),
    serverCertificateMs: requireServerLife(authority?.serverCertDuration ?? dayMs),
    warnings: warningsOf(data),
  };
}

type CaJson = ReturnType<typeof caSchema.parse>;

function requireText(field: string, value: string | undefined): string {
  if (value === undefined || value === '') throw configInvalid(field, 'cannot be empty');
  return value;
}

function requireRoots(root: string | string[] | undefined): readonly string[] {
  const roots = typeof root === 'string' ? [root] : (root ?? []);
  if (roots.length === 0 || roots.includes('')) throw configInvalid('root', 'cannot be empty');
  return roots;
}

function requireNames(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw configInvalid('dnsNames', 'cannot be empty');
  return names;
}

function requireAudiences(addresses: readonly string[]): readonly string[] {
  for (const address of addresses) {
    const url = URL.parse(address);
    const isAddress = url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username === '';
    if (!isAddress || /[?#]/.test(address)) {
      const shown = JSON.stringify(address);
      throw configInvalid('authority.audiences', `${shown} is not an address such as https://proxy.example/ca`);
    }
  }
  return addresses.map((address) => address.replace(/\/+$/, ''));
}

/** Below a minute the certificate would be renewed all the time. */
function requireServerLife(ms: number): number {
  if (ms < minuteMs) throw configInvalid('authority.serverCertDuration', 'cannot be less than 1m');
  return ms;
}

/** A port is required; whether it can be bound shows when it is. */
function requireAddress(field: string, address: string): string {
  if (!/^(\[[^\]]*\]|[^:[\]]*):\d+$/.test(address)) {
    throw configInvalid(`invalid ${field} ${address}:`, 'host:port is wanted');
  }
  return address;
}

function requestLogFormatOf(format: string | undefined): CaConfig['requestLogFormat'] {
  const known = (['text', 'json', 'common'] as const).find((each) => each === (format?.toLowerCase() || 'text'));
  if (known === undefined) throw configInvalid('logger.format', `unsupported format ${JSON.stringify(format)}`);
  return known;
}

function requireSupported(data: CaJson): void {
  const { authority, kms, key } = data;
  if (authority?.type !== undefined && !['', 'softcas'].includes(authority.type.toLowerCase())) {
    throw configUnsupported('authority.type', `registration authorities (${authority.type}) are not supported`);
  }
  if (authority?.enableAdmin) {
    throw configUnsupported('authority.enableAdmin', 'provisioners kept in the database are not supported');
  }
  if (kms?.type !== undefined && !['', 'softkms'].includes(kms.type.toLowerCase())) {
    throw configUnsupported('kms.type', `keys in ${kms.type} are not supported`);
  }
  if (key !== undefined && /^[a-z0-9]+:[^\\/]/i.test(key)) {
    throw configUnsupported('key', 'keys in a key management service are not supported');
  }
}

function requireCrlPeriods(crl: CaJson['crl']): void {
  const { enabled, cacheDuration = enabled ? dayMs : undefined, renewPeriod } = crl ?? {};
  if ((cacheDuration ?? 0) < 0) throw configInvalid('crl.cacheDuration', 'must be greater than or equal to 0');
  if ((renewPeriod ?? 0) < 0) throw configInvalid('crl.renewPeriod', 'must be greater than or equal to 0');
  if (renewPeriod !== undefined && cacheDuration !== undefined && renewPeriod > cacheDuration) {
    throw configInvalid('crl.cacheDuration', 'must be greater than or equal to crl.renewPeriod');
  }
}

/** As step-ca fills it in: a day, and two thirds of it. */
function crlOf(data: CaJson, address: string, name: string): RevocationListSettings | undefined {
  const { crl, db } = data;
  if (!crl?.enabled) return undefined;
  if (db === undefined) throw configInvalid('crl.enabled', 'wants a database', 'add a db section');
  const cacheDurationMs = crl.cacheDuration || dayMs;
  return {
    generateOnRevoke: crl.generateOnRevoke ?? false,
    cacheDurationMs,
    renewPeriodMs: crl.renewPeriod || (cacheDurationMs / 3) * 2,
    distributionPoint: crl.idpURL || `${httpsOrigin(name, address)}/1.0/crl`,
  };
}

/** Where clients find the CA. Unlike step-ca's, with the port when it is another than 443: the URL has to work. */
function httpsOrigin(name: string, address: string): string {
  const port = address.slice(address.lastIndexOf(':') + 1);
  return `https://${isIPv6(name) ? `[${name}]` : name}${['443', '0'].includes(port) ? '' : `:${port}`}`;
}

function insecureAddressOf({ insecureAddress, crl }: CaJson): string | undefined {
  if (!insecureAddress) return undefined;
  return crl?.enabled ? requireAddress('insecureAddress', insecureAddress) : undefined;
}

/** Types of step-ca that keep their data in a folder or file of their own, and ours. */
const embeddedDatabases = ['badger', 'badgerv1', 'badgerv2', 'bbolt', 'sqlite'];

function databaseOf(db: CaJson['db']): DatabaseConfig | undefined {
  if (db === undefined) return undefined;
  const type = (db.type ?? '').toLowerCase();
  if (type === 'mysql') throw configUnsupported('db.type', 'mysql is not supported');
  if (type !== 'postgresql' && !embeddedDatabases.includes(type)) {
    throw configInvalid(
      'db.type',
      `${JSON.stringify(db.type ?? '')} is not known`,
      `write ${[...embeddedDatabases, 'postgresql'].join(', ')}`,
    );
  }
  const dataSource = requireText('db.dataSource', db.dataSource);
  return { type, dataSource, ...(db.database ? { database: db.database } : {}) };
}

function subjectOf(template: Readonly<Record<string, unknown>>): SubjectFields {
  const fields = [
    'country',
    'organization',
    'organizationalUnit',
    'locality',
    'province',
    'streetAddress',
    'serialNumber',
    'commonName',
  ];
  return Object.fromEntries(fields.filter((field) => template[field]).map((field) => [field, template[field]]));
}

function warningsOf(data: CaJson): string[] {
  const { ssh, crl, insecureAddress } = data;
  return [
    ...(ssh && Object.keys(ssh).length > 0 ? ['ssh: SSH certificates are not supported, the keys are not used'] : []),
    ...(insecureAddress && !crl?.enabled
      ? ['insecureAddress: nothing to serve in clear without a revocation list, nothing listens there']
      : []),
  ];
}
