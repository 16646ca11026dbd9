/** Errors of lib/http: what can go wrong before the first request. */
import { AppError } from '../errors/index.ts';

export const listenAddressInvalid = (text: string): AppError =>
  new AppError('ERR_LISTEN_ADDRESS', 'invalid', `listen address ${JSON.stringify(text)}: host:port is wanted`, {
    hint: 'write :443, 127.0.0.1:0 or [::1]:443; port 0 takes a free one',
  });

export const listenFailed = (address: string, cause: unknown): AppError => {
  const reason = (cause as NodeJS.ErrnoException).code;
  return new AppError('ERR_LISTEN', 'unavailable', `listen ${address}: ${reasons[reason ?? ''] ?? 'failed'}`, {
    cause,
    context: { address, reason },
    ...(reason === 'EADDRINUSE' ? { hint: 'stop the other process or choose another port' } : {}),
  });
};

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'not permitted on this port',
  EADDRNOTAVAIL: 'no such address on this machine',
  ENOTFOUND: 'the host name is unknown',
};
