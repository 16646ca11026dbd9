/**
 * The tutorial's server: enrols with the one-time token on its standard input, greets clients of every CA of the
 * federation, and renews by itself, at once on SIGHUP.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { DetailedPeerCertificate } from 'node:tls';
// in a service of your own: from '@autocert/autocert/client'
import { bootstrapServer } from '../../lib/ca-client/index.ts';

const port = Number(process.env.PORT ?? 8443);

const { server, identity, close } = await bootstrapServer(
  await text(process.stdin),
  { trust: 'federation' },
  (request, response) => {
    const certificate = request.socket.getPeerCertificate(true);
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(
      `Hello ${certificate.subject.CN} (cert issued by '${issuerOf(certificate)}') at ${new Date().toISOString()}\n`,
    );
  },
);

console.log('Server is using federated root certificates');
for (const { subject } of identity.rootInfo('federation')) console.log(`Accepting certs anchored in ${subject}`);

identity.on('renewed', ({ serial }) => console.log(`Certificate renewed: ${serial}`));
identity.on('trust-changed', ({ added, removed }) => {
  for (const { subject } of added) console.log(`Accepting certs anchored in ${subject}`);
  for (const { subject } of removed) console.log(`No longer accepting certs anchored in ${subject}`);
});
identity.on('renewal-failed', (error) => console.error(`Renewal failed: ${error}`));
server.on('tlsClientError', (error) => console.error(`Refused a connection: ${error.message}`));

server.listen(port, () => {
  writeFileSync('server.pid', `${process.pid}\n`);
  console.log(`Listening on :${port} ...`);
});
process.on('SIGHUP', () => identity.renew().catch((error: Error) => console.error(`Renewal failed: ${error.message}`)));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await close();
    rmSync('server.pid', { force: true });
  });
}

/**
 * Who issued the last certificate of the client's chain: its root, as in the tutorial. Releases of Node that show a
 * server no more than the leaf (nodejs/node#65579) give the intermediate.
 */
function issuerOf(certificate: DetailedPeerCertificate): string {
  let last = certificate;
  while (last.issuerCertificate && last.issuerCertificate !== last) last = last.issuerCertificate;
  return String(last.issuer.CN);
}
