/**
 * Loaded into every Node program of a local run (`NODE_OPTIONS=--import`): what the cluster's network would do.
 *
 *   listen(443)                        any free port of 127.0.0.1, written to a file when known
 *   connect('hello-mtls.default', 443) the loopback port behind that Service, read from those files
 *
 * Names and certificates stay the cluster's: TLS checks the name that the program asked for. Nothing else is changed;
 * without AUTOCERT_LOCAL_NETWORK it does nothing. Programs that are not Node do not get this.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { portFile, resolveDestination, type ServiceTable, tableFile } from './cluster-names.ts';

const folder = process.env.AUTOCERT_LOCAL_NETWORK;
const pod = process.env.AUTOCERT_LOCAL_POD ?? '';

if (folder) {
  patchListen(folder);
  patchConnect(folder);
}

type Options = { host?: string; port?: number | string; path?: string | null; fd?: number };
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function patchListen(network: string): void {
  const original = Server.prototype.listen as unknown as AnyFunction;
  const listen: AnyFunction = function (...args) {
    const server = this as Server;
    const [first, ...rest] = args;
    const options: Options = isOptions(first) ? first : { port: (first as Options['port']) ?? 0 };
    const port = Number(options.port);
    if (options.path || options.fd !== undefined || !Number.isInteger(port)) return original.apply(this, args);
    if (port > 0) announce(network, server, port);
    const callback = rest.findLast((argument) => typeof argument === 'function');
    const plain = isOptions(first) ? first : {};
    return original.call(this, { ...plain, host: '127.0.0.1', port: 0 }, ...(callback ? [callback] : []));
  };
  Server.prototype.listen = listen as unknown as Server['listen'];
}

/** Writes down which port it became, as long as the server listens. */
function announce(network: string, server: Server, port: number): void {
  const file = join(network, portFile(pod, port));
  server.prependOnceListener('listening', () => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) return;
    mkdirSync(network, { recursive: true });
    writeFileSync(`${file}.new`, String(address.port));
    renameSync(`${file}.new`, file);
  });
  server.once('close', () => rmSync(file, { force: true }));
}

function patchConnect(network: string): void {
  const original = Socket.prototype.connect as unknown as AnyFunction;
  let turn = 0;
  const connect: AnyFunction = function (...args) {
    const [first] = args;
    // net.connect() hands over its arguments in an array of its own: [options, callback]
    const holder: unknown[] = Array.isArray(first) ? first : args;
    const given = holder[0];
    const options: Options = isOptions(given)
      ? given
      : { port: given as number, ...(typeof holder[1] === 'string' ? { host: holder[1] } : {}) };
    // http agents write null where there is no pipe
    if (options.path || options.port === undefined) return original.apply(this, args);
    const destination = resolveDestination(
      readTable(network),
      self,
      options.host ?? 'localhost',
      Number(options.port),
      (of, port) => readPort(network, of, port),
    );
    if (destination === 'untouched') return original.apply(this, args);
    const port = destination[turn++ % destination.length];
    if (port === undefined) return refuse(this as Socket, options);
    if (!isOptions(given) && typeof holder[1] === 'string') holder.splice(1, 1);
    holder[0] = { ...(isOptions(given) ? given : {}), host: '127.0.0.1', port };
    return original.apply(this, args);
  };
  Socket.prototype.connect = connect as unknown as Socket['connect'];
}

/** A Service without endpoints refuses connections. */
function refuse(socket: Socket, { host, port }: Options): Socket {
  const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
  Object.assign(socket, { connecting: true }); // as net does, so that writes wait for what comes
  process.nextTick(() =>
    socket.destroy(
      Object.assign(error, { code: 'ECONNREFUSED', errno: -111, syscall: 'connect', address: host, port }),
    ),
  );
  return socket;
}

const self = { namespace: pod.split('/')[0] ?? '', pod };

const isOptions = (value: unknown): value is Options => typeof value === 'object' && value !== null;

function readTable(network: string): ServiceTable {
  try {
    return JSON.parse(readFileSync(join(network, tableFile), 'utf8')) as ServiceTable;
  } catch {
    return { clusterDomain: '', services: [] }; // the run is ending: nothing is a Service any more
  }
}

function readPort(network: string, of: string, port: number): number | undefined {
  try {
    return Number(readFileSync(join(network, portFile(of, port)), 'utf8'));
  } catch {
    return undefined; // nobody listens there
  }
}
