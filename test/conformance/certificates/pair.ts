/**
 * The same certificates twice: made by the real `step ca init` and a real step-ca on loopback, and made by lib/x509 for
 * the same names and the same public keys. What the linters say about one is then compared with the other.
 */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CaClient } from '../../../lib/ca-client/index.ts';
import { encodePrivateKeyPem, generatePrivateKey, type KeySpec, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import {
  createOneTimeToken,
  decryptProvisionerKey,
  type ProvisionerKey,
  tokenAudience,
} from '../../../lib/jwk-provisioner/index.ts';
import {
  buildCertificateRequest,
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  createLeafIssuer,
  type LeafIssuer,
  parseCertificate,
  parseCertificateChainPem,
} from '../../../lib/x509/index.ts';
import { startAuthority } from '../../scenarios/authority.ts';

/** One kind of certificate, by the real programs and by ours. */
export type Pair = { readonly kind: string; readonly theirs: Certificate; readonly ours: Certificate };

/** Kinds of leaves: names and the key they are for. */
const leaves: readonly { readonly kind: string; readonly keySpec: KeySpec; readonly sans: readonly string[] }[] = [
  { kind: 'leaf', keySpec: 'EC-P256', sans: ['web.test'] },
  {
    kind: 'leaf with every kind of name',
    keySpec: 'EC-P256',
    sans: ['web.test', '*.web.test', '10.0.0.1', 'fd00::1', 'a@web.test', 'spiffe://web.test/a'],
  },
  { kind: 'leaf with an RSA key', keySpec: 'RSA-2048', sans: ['web.test'] },
  { kind: 'leaf with an Ed25519 key', keySpec: 'Ed25519', sans: ['web.test'] },
];

/** A running step-ca and what its files hold, opened by our modules. */
export type StepCa = {
  readonly client: CaClient;
  readonly url: string;
  readonly folder: string;
  readonly passwordFile: string;
  readonly password: string;
  readonly root: Certificate;
  readonly intermediate: Certificate;
  readonly provisioner: ProvisionerKey;
  /** A token for this subject and names, and our request with the same. */
  request(key: KeyObject, subject: string, sans: readonly string[]): { readonly csr: string; readonly ott: string };
  stop(): Promise<void>;
};

/** `step ca init`, then step-ca, on a free port. */
export async function startStepCa(): Promise<StepCa> {
  const { variables, stop } = await startAuthority('step-ca');
  const [url, rootPath, passwordFile] = [variables.CA_URL, variables.ROOT, variables.PASSWORD_FILE];
  if (!url || !rootPath || !passwordFile) throw new TypeError('the authority does not say where it is');
  try {
    const read = (path: string): string => readFileSync(path, 'utf8');
    const folder = dirname(dirname(rootPath));
    const password = read(passwordFile).trimEnd();
    const client = new CaClient({ url, roots: [read(rootPath)] });
    const [listed] = await client.provisioners();
    const provisioner = await decryptProvisionerKey(String(listed?.encryptedKey), password);
    return {
      client,
      url,
      folder,
      passwordFile,
      password,
      root: one(read(rootPath)),
      intermediate: one(read(join(folder, 'certs/intermediate_ca.crt'))),
      provisioner,
      stop,
      request(key, subject, sans) {
        const csrDer = buildCertificateRequest({ commonName: subject, sans, key });
        const names = { issuer: 'admin', audience: tokenAudience(url, 'sign'), subject, sans };
        const ott = createOneTimeToken(provisioner, { ...names, csrDer, now: Date.now() });
        return { csr: encodePem('CERTIFICATE REQUEST', csrDer), ott };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const one = (pem: string): Certificate => {
  const [certificate] = parseCertificateChainPem(pem);
  if (!certificate) throw new TypeError('no certificate');
  return certificate;
};

/** Root, intermediate and leaves of every kind, renewed and rekeyed ones too. */
export async function makePairs(stepCa: StepCa): Promise<Pair[]> {
  const { authorities, issuer } = await makeTwins(stepCa);
  const pairs = [...authorities];
  for (const { kind, keySpec, sans } of leaves) {
    const key = await generatePrivateKey(keySpec);
    const { chainPem } = await stepCa.client.sign(stepCa.request(key, 'web.test', sans));
    const theirs = one(chainPem.join(''));
    const { publicKeyDer, notBefore, notAfter, provisioner } = theirs;
    const request = { subject: { commonName: 'web.test' }, sans, publicKeyDer, notBefore, notAfter };
    const ours = parseCertificate(issuer.issue({ ...request, ...(provisioner ? { provisioner } : {}) }));
    pairs.push({ kind, theirs, ours });
    if (kind === 'leaf') pairs.push(...(await reissue(stepCa, issuer, key, chainPem, ours)));
  }
  return pairs;
}

/** Our root and intermediate with the names, times and public keys' kind of step's. */
async function makeTwins({ root, intermediate }: StepCa): Promise<{ authorities: Pair[]; issuer: LeafIssuer }> {
  const [rootKey, intermediateKey] = [await generatePrivateKey(), await generatePrivateKey()];
  const organization = root.subject.rdns[0]?.[0]?.value ?? '';
  const { notBefore, notAfter } = root;
  const ourRoot = parseCertificate(
    buildRootCertificate({ subject: { organization, commonName: root.commonName }, key: rootKey, notBefore, notAfter }),
  );
  const ourIntermediate = parseCertificate(
    buildIntermediateCertificate({
      subject: { organization, commonName: intermediate.commonName },
      publicKeyDer: publicKeyDer(intermediateKey),
      issuerCertificate: ourRoot,
      issuerKey: rootKey,
      notBefore,
      notAfter,
    }),
  );
  const authorities = [
    { kind: 'root', theirs: root, ours: ourRoot },
    { kind: 'intermediate', theirs: intermediate, ours: ourIntermediate },
  ];
  return { authorities, issuer: createLeafIssuer(ourIntermediate, intermediateKey) };
}

async function reissue(
  stepCa: StepCa,
  issuer: LeafIssuer,
  key: KeyObject,
  chainPem: readonly string[],
  ours: Certificate,
): Promise<Pair[]> {
  const client = new CaClient({
    url: stepCa.url,
    roots: [encodePem('CERTIFICATE', stepCa.root.der)],
    clientCertificate: { certPem: chainPem.join(''), keyPem: encodePrivateKeyPem(key) },
  });
  const renewed = one((await client.renew()).chainPem.join(''));
  const csrDer = buildCertificateRequest({ commonName: '', sans: [], key: await generatePrivateKey() });
  const rekeyed = one((await client.rekey(encodePem('CERTIFICATE REQUEST', csrDer))).chainPem.join(''));
  const again = ({ publicKeyDer, notBefore, notAfter }: Certificate, rekey: boolean): Certificate =>
    parseCertificate(issuer.reissue(ours, { notBefore, notAfter, ...(rekey ? { publicKeyDer } : {}) }));
  return [
    { kind: 'renewed leaf', theirs: renewed, ours: again(renewed, false) },
    { kind: 'rekeyed leaf', theirs: rekeyed, ours: again(rekeyed, true) },
  ];
}
