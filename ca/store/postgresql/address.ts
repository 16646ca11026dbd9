/**
 * Where a PostgreSQL server is, read from `db.dataSource` as step-ca reads it (libpq): a URL or `keyword=value` pairs, with
 * the names and the meaning of libpq, sslmode included. Pure; the environment (PGHOST and others) and the files of
 * certificates are looked at by who connects.
 *
 * Keep: no message shows the data source, it may hold a password.
 */
import { storeAddress } from '../errors.ts';

export type PostgresAddress = {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly ssl: PostgresSsl;
  /** Settings of the session, as libpq's `options`. */
  readonly options: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly applicationName: string | undefined;
};

/** `prefer` takes TLS where the server offers it, `require` whoever answers; `verify-…` check the certificate. */
export type PostgresSsl = {
  readonly mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** Paths. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
};

/**
 * @param database name in `db.database`, which goes before the one in the data source
 * @param sslMode  PGSSLMODE, which counts when the data source says nothing
 * @throws {AppError} ERR_CA_STORE_ADDRESS (invalid)
 */
export function parsePostgresAddress(
  dataSource: string,
  database: string | undefined,
  sslMode: string | undefined,
): PostgresAddress {
  const values = /^postgres(ql)?:\/\//.test(dataSource) ? readUrl(dataSource) : readPairs(dataSource);
  const take = (...names: string[]): string | undefined => {
    let found: string | undefined;
    for (const name of names) {
      found = values.get(name) || found;
      values.delete(name);
    }
    return found;
  };
  const host = take('host', 'hostaddr');
  if (host?.includes(',')) throw storeAddress('several hosts are not supported; name one, or a load balancer');
  const named = take('dbname', 'database');
  const rootCertificate = take('sslrootcert');
  return {
    host,
    port: readNumber('port', take('port'), 65_535),
    user: take('user'),
    password: take('password'),
    database: database || named,
    ssl: {
      mode: readSslMode(take('sslmode') ?? sslMode, host, rootCertificate),
      rootCertificate,
      certificate: take('sslcert'),
      key: take('sslkey'),
    },
    connectTimeoutMs: seconds(readNumber('connect_timeout', take('connect_timeout'), 3600)),
    applicationName: take('application_name'),
    options: sessionOptions(take('options'), take('search_path'), values),
  };
}

const seconds = (value: number | undefined): number | undefined => value && value * 1000;

/** `postgresql://user:password@host:port/database?keyword=value`; every part may be missing. */
function readUrl(text: string): Map<string, string> {
  const parts = /^[a-z]+:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text);
  if (!parts) throw storeAddress('is not a URL that can be read');
  const [, authority = '', path = '', query = ''] = parts;
  const at = authority.lastIndexOf('@');
  const server = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority.slice(at + 1));
  if (!server) throw storeAddress('the host and port cannot be read');
  const [user = '', ...password] = at < 0 ? [] : authority.slice(0, at).split(':');
  const values = new Map<string, string>();
  const set = (name: string, value: string): void => {
    if (value !== '') values.set(name, decode(name, value));
  };
  set('host', (server[1] ?? '').replace(/^\[(.*)\]$/, '$1'));
  set('port', server[2] ?? '');
  set('user', user);
  set('password', password.join(':'));
  set('dbname', path);
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [name = '', ...value] = pair.split('=');
    set(decode('query', name), value.join('='));
  }
  return values;
}

function decode(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw storeAddress(`${name} is not percent-encoded as a URL wants it`);
  }
}

/** `host=db user=ca password='it''s \'quoted\''` */
function readPairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/y;
  let end = 0;
  for (let match = pair.exec(text); match; match = pair.exec(text)) {
    values.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replace(/\\(.)/g, '$1'));
    end = pair.lastIndex;
  }
  if (values.size === 0 || text.slice(end).trim() !== '')
    throw storeAddress('is neither a URL nor keyword=value pairs');
  return values;
}

function readNumber(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw storeAddress(`${name} is not a number up to ${max}`);
}

function readSslMode(
  text: string | undefined,
  host: string | undefined,
  rootCertificate: string | undefined,
): PostgresSsl['mode'] {
  if (host?.startsWith('/')) return 'disable'; // a socket of this machine
  switch (text ?? 'prefer') {
    case 'disable':
      return 'disable';
    case 'allow':
    case 'prefer':
      return 'prefer';
    case 'require':
      return rootCertificate === undefined ? 'require' : 'verify-ca';
    case 'verify-ca':
      return 'verify-ca';
    case 'verify-full':
      return 'verify-full';
    default:
      throw storeAddress('sslmode is none of disable, allow, prefer, require, verify-ca, verify-full');
  }
}

/** Parameters that belong to the way in which libpq or a pool connects, and have no meaning here. */
const connectionParameters =
  /^(pool_|ssl|gss|krb|channel_binding$|target_session_attrs$|keepalives|tcp_user_|passfile$|service)/;

/** What is left are settings of the session, such as search_path. */
function sessionOptions(
  options: string | undefined,
  searchPath: string | undefined,
  others: ReadonlyMap<string, string>,
): string | undefined {
  const settings = [...(searchPath ? [['search_path', searchPath] as const] : []), ...others].flatMap(
    ([name, value]) => (connectionParameters.test(name) ? [] : [`-c ${name}=${value.replace(/([\s\\])/g, '\\$1')}`]),
  );
  return [...(options ? [options] : []), ...settings].join(' ') || undefined;
}
