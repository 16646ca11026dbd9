/**
 * HTTPS server that answers only clients with a certificate of the same authority, and greets them by its name.
 * Certificate, key and root are changed while it runs: new connections use the new ones, open ones go on.
 */
import { constants } from 'node:crypto';
import { createServer } from 'node:https';
import { createCertificateLook, describeCertificate, readCertificates } from './certificates.mjs';

const port = Number(process.env.PORT ?? 8443);

const tlsOptions = (set) => ({
  ...set,
  minVersion: 'TLSv1.2',
  // A resumed session would go on with a client certificate that may have expired since; renegotiation would let a
  // client replace the verified certificate by another one.
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
});

const certificates = readCertificates();
const server = createServer(
  { ...tlsOptions(certificates), requestCert: true, rejectUnauthorized: true },
  (request, response) => {
    // verified by TLS: whoever has no certificate of our root does not come this far
    const { CN } = request.socket.getPeerCertificate().subject;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(`Hello, ${CN}!\n`);
  },
);

const look = createCertificateLook(certificates);
const timer = setInterval(() => {
  const renewed = look();
  if (!renewed) return;
  server.setSecureContext(tlsOptions(renewed));
  console.log(`${new Date().toISOString()}: certificate renewed: ${describeCertificate(renewed)}`);
}, 1000);

server.on('tlsClientError', (error) => console.error(`${new Date().toISOString()}: refused: ${error.message}`));
server.listen(port, () => {
  console.log(`${new Date().toISOString()}: listening on ${port} with ${describeCertificate(certificates)}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(timer);
    server.close();
    server.closeIdleConnections();
  });
}
