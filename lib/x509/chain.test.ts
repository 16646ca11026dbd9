import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import { generatePrivateKey, publicKeyDer } from '../crypto/index.ts';
import { contextTag, octetString, sequence, tlv } from '../encoding/index.ts';
import { createFakeAuthority, day, start } from './fake-authority.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  createLeafIssuer,
  encodeExtension,
  oids,
  parseCertificate,
  verifyChain,
  verifyIssuedBy,
} from './index.ts';

const authority = await createFakeAuthority();
const { root, rootKey, intermediate, intermediateKey } = authority;
const leaf = await authority.leaf();
const validity = { notBefore: start, notAfter: start + 3650 * day };

describe('verifyChain', () => {
  it('returns the path from the leaf to the root, whatever the order of the given certificates', async () => {
    const stranger = await createFakeAuthority({ name: 'Stranger' });
    const path = verifyChain(leaf, [stranger.intermediate, intermediate], [stranger.root, root], start);
    assert.deepEqual(path, [leaf, intermediate, root]);
  });

  it('ends at any trusted certificate: an intermediate, the leaf itself', () => {
    assert.deepEqual(verifyChain(leaf, [], [intermediate], start), [leaf, intermediate]);
    assert.deepEqual(verifyChain(leaf, [], [leaf], start), [leaf]);
  });

  const untrusted: Record<string, () => Promise<[Certificate, Certificate[], Certificate[]]>> = {
    'no roots': async () => [leaf, [intermediate], []],
    'a missing intermediate': async () => [leaf, [], [root]],
    'a root of the same name and another key': async () => [leaf, [intermediate], [(await createFakeAuthority()).root]],
    'an intermediate of the same name and another key': async () => [
      leaf,
      [(await createFakeAuthority()).intermediate],
      [root],
    ],
    'a root that only the peer sent': async () => [
      leaf,
      [intermediate, root],
      [(await createFakeAuthority({ name: 'X' })).root],
    ],
    'a damaged signature': async () => [{ ...leaf, signature: Buffer.alloc(64) }, [intermediate], [root]],
    'an unknown signature algorithm': async () => [{ ...leaf, signatureAlgorithm: undefined }, [intermediate], [root]],
  };
  for (const [name, make] of Object.entries(untrusted)) {
    it(`trusts nothing with ${name}`, async () => {
      const [child, intermediates, roots] = await make();
      assert.throws(() => verifyChain(child, intermediates, roots, start), {
        code: 'ERR_CHAIN_UNTRUSTED',
        kind: 'unauthenticated',
        message: /"web.test"/,
      });
    });
  }

  it('looks at the validity of every certificate, its last second included', async () => {
    const { notAfter } = leaf;
    verifyChain(leaf, [intermediate], [root], notAfter + 999);
    assert.throws(() => verifyChain(leaf, [intermediate], [root], notAfter + 1000), { code: 'ERR_CHAIN_EXPIRED' });
    assert.throws(() => verifyChain(leaf, [intermediate], [root], start - 1), { code: 'ERR_CHAIN_NOT_YET_VALID' });
    const brief = await createFakeAuthority({ intermediate: { notAfter: start + day / 2 } });
    assert.throws(() => verifyChain(leafOf(brief), [brief.intermediate], [brief.root], start + day - 1), {
      code: 'ERR_CHAIN_EXPIRED',
      message: /Intermediate/,
    });
    function leafOf({ issuer }: typeof brief): Certificate {
      return parseCertificate(issuer.reissue(leaf, { notBefore: start, notAfter: start + day }));
    }
  });

  it('takes a path that is valid when another one is not', async () => {
    const old = {
      subject: { organization: 'Test', commonName: 'Test Intermediate CA' },
      issuerCertificate: root,
      issuerKey: rootKey,
    };
    const expired = parseCertificate(
      buildIntermediateCertificate({
        ...old,
        publicKeyDer: publicKeyDer(intermediateKey),
        notBefore: 0,
        notAfter: day,
      }),
    );
    assert.deepEqual(verifyChain(leaf, [expired, intermediate], [root], start), [leaf, intermediate, root]);
    assert.throws(() => verifyChain(leaf, [expired], [root], start), { code: 'ERR_CHAIN_EXPIRED' });
  });

  it('asks for the extended key usage of leaf and authorities', async () => {
    const usage = (...usages: string[]): Promise<Certificate> => authority.leaf({ extendedKeyUsage: usages });
    verifyChain(leaf, [intermediate], [root], start, { eku: 'clientAuth' });
    verifyChain(await usage(oids.anyExtendedKeyUsage), [intermediate], [root], start, { eku: 'clientAuth' });
    const serverOnly = await usage(oids.serverAuth);
    verifyChain(serverOnly, [intermediate], [root], start, { eku: 'serverAuth' });
    assert.throws(() => verifyChain(serverOnly, [intermediate], [root], start, { eku: 'clientAuth' }), {
      code: 'ERR_CHAIN_USAGE',
      message: /clientAuth/,
    });
    const serverAuthOnly = encodeExtension(oids.extendedKeyUsage, sequence(Buffer.from('06082b06010505070301', 'hex')));
    const narrow = await createFakeAuthority({ intermediate: { extraExtensions: [serverAuthOnly] } });
    const below = await narrow.leaf();
    verifyChain(below, [narrow.intermediate], [narrow.root], start, { eku: 'serverAuth' });
    assert.throws(() => verifyChain(below, [narrow.intermediate], [narrow.root], start, { eku: 'clientAuth' }), {
      code: 'ERR_CHAIN_USAGE',
    });
  });

  it('counts the authorities below one with a path length', async () => {
    const key = await generatePrivateKey();
    const sub = parseCertificate(
      buildIntermediateCertificate({
        subject: { commonName: 'Sub CA' },
        publicKeyDer: publicKeyDer(key),
        issuerCertificate: intermediate, // path length 0
        issuerKey: intermediateKey,
        ...validity,
      }),
    );
    verifyChain(sub, [intermediate], [root], start);
    const below = parseCertificate(
      createLeafIssuer(sub, key).reissue(leaf, { notBefore: start, notAfter: start + day }),
    );
    assert.throws(() => verifyChain(below, [sub, intermediate], [root], start), {
      code: 'ERR_CHAIN_USAGE',
      message: /allows 0 authorities below it, not 1/,
    });
  });

  it('takes no leaf for an authority', async () => {
    const key = await generatePrivateKey();
    const holder = await authority.leaf({ publicKeyDer: publicKeyDer(key), subject: { commonName: 'holder' } });
    const forged = await forgeBelow(holder, key.export({ type: 'pkcs8', format: 'der' }));
    assert.ok(verifyIssuedBy(forged, holder));
    assert.throws(() => verifyChain(forged, [holder, intermediate], [root], start), {
      code: 'ERR_CHAIN_USAGE',
      message: /"holder": is not a certificate authority/,
    });
  });

  it('refuses unknown critical extensions and takes others', async () => {
    const extra = (critical: boolean) => ({
      extraExtensions: [encodeExtension('1.2.3.4', octetString(Buffer.alloc(1)), critical)],
    });
    verifyChain(await authority.leaf(extra(false)), [intermediate], [root], start);
    const policies = encodeExtension(
      oids.certificatePolicies,
      sequence(sequence(Buffer.from('06022a03', 'hex'))),
      true,
    );
    verifyChain(await authority.leaf({ extraExtensions: [policies] }), [intermediate], [root], start);
    const strange = await authority.leaf(extra(true));
    assert.throws(() => verifyChain(strange, [intermediate], [root], start), {
      code: 'ERR_CHAIN_USAGE',
      message: /1\.2\.3\.4/,
    });
  });

  const dns = (name: string): Buffer => sequence(tlv(contextTag(2, false), Buffer.from(name)));
  const directory = sequence(tlv(contextTag(4, true), sequence()));
  const constraints = (critical: boolean, ...permitted: Buffer[]): Buffer =>
    encodeExtension(oids.nameConstraints, sequence(tlv(contextTag(0, true), ...permitted)), critical);

  it('holds the leaf to the name constraints above it', async () => {
    const limited = await createFakeAuthority({
      intermediate: { extraExtensions: [constraints(true, dns('web.test'))] },
    });
    verifyChain(
      await limited.leaf({ sans: ['a.web.test', '10.0.0.1'] }),
      [limited.intermediate],
      [limited.root],
      start,
    );
    const outside = await limited.leaf({ sans: ['a.web.test', 'other.test'] });
    assert.throws(() => verifyChain(outside, [limited.intermediate], [limited.root], start), {
      code: 'ERR_CHAIN_NAMES',
      message: /DNS name "other.test" is not permitted/,
    });
  });

  it('refuses critical name constraints that it cannot check', async () => {
    const limited = await createFakeAuthority({ root: { extraExtensions: [constraints(true, directory)] } });
    assert.throws(() => verifyChain(limited.intermediate, [], [limited.root], start), { code: 'ERR_CHAIN_USAGE' });
    const relaxed = await createFakeAuthority({ root: { extraExtensions: [constraints(false, directory)] } });
    verifyChain(relaxed.intermediate, [], [relaxed.root], start);
  });

  it('ends with a set of authorities that sign each other', async () => {
    const keys = await Promise.all(Array.from({ length: 12 }, () => generatePrivateKey()));
    const subject = { commonName: 'Loop' };
    const roots = keys.map((key) =>
      parseCertificate(buildRootCertificate({ subject, key, ...validity, pathLength: 9 })),
    );
    const crossed = roots.flatMap((issuerCertificate, index) => {
      const issuerKey = keys[index];
      if (!issuerKey) return [];
      return keys.map((key) =>
        parseCertificate(
          buildIntermediateCertificate({
            subject,
            publicKeyDer: publicKeyDer(key),
            issuerCertificate,
            issuerKey,
            ...validity,
          }),
        ),
      );
    });
    const [child] = crossed;
    assert.ok(child);
    assert.throws(() => verifyChain(child, crossed, [root], start), { code: 'ERR_CHAIN_UNTRUSTED' });
  });
});

/** A certificate signed by a key that is no authority's: our builders refuse to make one, @peculiar/x509 does not. */
async function forgeBelow(parent: Certificate, pkcs8: Buffer): Promise<Certificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const signingKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, ['sign']);
  const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await peculiar.X509CertificateGenerator.create({
    subject: 'CN=forged',
    issuer: new peculiar.X509Certificate(parent.der).subject,
    signingKey,
    publicKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(start),
    notAfter: new Date(start + day),
    extensions: [new peculiar.BasicConstraintsExtension(false)],
  });
  return parseCertificate(new Uint8Array(made.rawData));
}
