/**
 * Keys, certificates and kubeconfigs of a cluster. Components show static tokens, people too: certificates are needed only
 * for serving, and for the API server's calls to the kubelet.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { buildRootCertificate, createLeafIssuer, parseCertificate } from '../../../lib/x509/index.ts';
import { apiServerPort, inState, nodeAddress } from './state.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** User and groups of each kubeconfig. */
const users: Readonly<Record<string, readonly [user: string, group: string]>> = {
  admin: ['admin', 'system:masters'],
  kubelet: ['system:node:node', 'system:nodes'],
  'kube-controller-manager': ['system:kube-controller-manager', ''],
  'kube-scheduler': ['system:kube-scheduler', ''],
  'kube-proxy': ['system:kube-proxy', ''],
  coredns: ['admin', 'system:masters'],
};

export const kubeconfigPath = (user: string): string => inState(`${user}.kubeconfig`);
export const pkiPath = (file: string): string => inState('pki', file);

export async function writeCredentials(): Promise<void> {
  mkdirSync(inState('pki'), { recursive: true, mode: 0o700 });
  const write = (file: string, text: string): void => writeFileSync(pkiPath(file), text, { mode: 0o600 });
  const validity = { notBefore: Date.now() - dayMs, notAfter: Date.now() + 30 * dayMs };
  const makeRoot = async (commonName: string) => {
    const key = await generatePrivateKey();
    return { key, der: buildRootCertificate({ subject: { commonName }, key, ...validity }) };
  };
  const root = await makeRoot('autocert e2e cluster');
  write('ca.crt', encodePem('CERTIFICATE', root.der));
  write('front-proxy-ca.crt', encodePem('CERTIFICATE', (await makeRoot('autocert e2e front proxy')).der));
  const issuer = createLeafIssuer(parseCertificate(root.der), root.key);
  const leaf = async (file: string, commonName: string, sans: readonly string[], organization: string[] = []) => {
    const key = await generatePrivateKey();
    const subject = { commonName, organization };
    write(
      `${file}.crt`,
      encodePem('CERTIFICATE', issuer.issue({ subject, sans, publicKeyDer: publicKeyDer(key), ...validity })),
    );
    write(`${file}.key`, encodePrivateKeyPem(key));
  };
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  await leaf('apiserver', 'kube-apiserver', ['127.0.0.1', nodeAddress, '10.96.0.1', 'localhost', ...service]);
  await leaf('kubelet', 'system:node:node', [nodeAddress, 'node']);
  await leaf('kubelet-client', 'kube-apiserver-kubelet-client', [], ['system:masters']);
  const accounts = await generatePrivateKey();
  write('service-accounts.key', encodePrivateKeyPem(accounts));
  write('service-accounts.pub', encodePem('PUBLIC KEY', publicKeyDer(accounts)));

  const lines = Object.entries(users).map(([file, [user, group]]) => {
    const token = randomBytes(24).toString('hex');
    writeFileSync(kubeconfigPath(file), kubeconfig(token), { mode: 0o600 });
    return `${token},${user},${file},"${group}"`;
  });
  write('tokens.csv', `${lines.join('\n')}\n`);
}

/** Always loopback: outside the cluster's network namespace it reaches nothing, instead of somebody else's machine. */
function kubeconfig(token: string): string {
  const cluster = { server: `https://127.0.0.1:${apiServerPort}`, 'certificate-authority': pkiPath('ca.crt') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  });
}
