/**
 * A second mutating webhook of somebody else, that adds a container after ours has run. With `reinvocationPolicy:
 * IfNeeded` the API server then calls ours again with a pod that it has injected already.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { buildRootCertificate, createLeafIssuer, parseCertificate } from '../../../lib/x509/index.ts';

export type LateWebhook = { readonly url: string; readonly caPem: string; stop(): Promise<void> };

/** Serves on a free port of 127.0.0.1 with a certificate of a CA of its own. */
export async function startLateWebhook(): Promise<LateWebhook> {
  const pair = await createPair();
  const server: Server = createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const review = JSON.parse(text) as {
        apiVersion: string;
        kind: string;
        request: { uid: string; object: PodLike };
      };
      const { apiVersion, kind, request: admission } = review;
      const present = admission.object.spec.containers.some(({ name }) => name === 'late-sidecar');
      const patch = [{ op: 'add', path: '/spec/containers/-', value: { name: 'late-sidecar', image: 'late' } }];
      const change = present
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: admission.uid, allowed: true, ...change } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/mutate`,
    caPem: pair.caPem,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

type PodLike = { readonly spec: { readonly containers: readonly { readonly name: string }[] } };

async function createPair(): Promise<{ caPem: string; certPem: string; keyPem: string }> {
  const [caKey, key] = [await generatePrivateKey(), await generatePrivateKey()];
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const caDer = buildRootCertificate({ ...validity, subject: { commonName: 'Late CA' }, key: caKey });
  const leafDer = createLeafIssuer(parseCertificate(caDer), caKey).issue({
    ...validity,
    subject: { commonName: 'late' },
    sans: ['127.0.0.1'],
    publicKeyDer: publicKeyDer(key),
  });
  return {
    caPem: encodePem('CERTIFICATE', caDer),
    certPem: encodePem('CERTIFICATE', leafDer),
    keyPem: encodePrivateKeyPem(key),
  };
}
