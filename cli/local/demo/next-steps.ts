/** What somebody may try while the demo stays up: lines to copy, complete as they stand. Pure. */
import type { ReachableService } from '../network/reachable-services.ts';

export type NextStepsFacts = {
  readonly service: ReachableService;
  /** Folder with root.crt, site.crt and site.key of the client pod. */
  readonly certificates: string;
  readonly caUrl: string;
  /** How this program was called: `bin/autocert`. */
  readonly program: string;
};

export function renderNextSteps({ service, certificates, caUrl, program }: NextStepsFacts): string[] {
  const { host, localPort } = service;
  const url = `https://${host}:${localPort}/`;
  const curl = `curl --resolve ${host}:${localPort}:127.0.0.1 --cacert $CERTS/root.crt`;
  return [
    '',
    'Everything stays up until you press Ctrl-C. In another terminal:',
    '',
    `  export CERTS=${quote(certificates)}`,
    '',
    '  # a request as the client pod; then one without a certificate, which the server refuses',
    `  ${curl} --cert $CERTS/site.crt --key $CERTS/site.key ${url}`,
    `  ${curl} ${url}`,
    '',
    '  # the certificate now; the same again after the next rotation',
    `  ${program} certificate inspect --short $CERTS/site.crt`,
    '',
    '  # the CA behind it',
    `  ${program} ca health --ca-url ${caUrl} --root $CERTS/root.crt`,
    '',
  ];
}

/** For a POSIX shell, and only where it is needed. */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
