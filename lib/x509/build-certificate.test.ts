import assert from 'node:assert/strict';
import { KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { generatePrivateKey, type KeySpec, publicKeyDer } from '../crypto/index.ts';
import { octetString, Tag, tlv } from '../encoding/index.ts';
import { createFakeAuthority, day, start } from './fake-authority.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  createLeafIssuer,
  encodeExtension,
  groupSans,
  oids,
  parseCertificate,
  parseCertificateChainPem,
  verifyIssuedBy,
} from './index.ts';

/** Certificates that a real step-ca 0.30.2 issued; its keys are gone. */
type StepCa = { intermediate: string; leaves: Record<string, { certificate: string; sans?: string[] }> };
const stepCa: StepCa = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/step-ca-0.30.2.json'), 'utf8'));
const parseOne = (pem: string): Certificate => parseCertificateChainPem(pem)[0] ?? assert.fail('no certificate');
const golden = (name: string): Certificate => parseOne(stepCa.leaves[name]?.certificate ?? '');
const stepIntermediate = parseOne(stepCa.intermediate);

/** An authority of step-ca's names but another key; its key identifier is put back before bytes are compared. */
const twin = await createFakeAuthority({ name: 'Golden' });
const asStepCa = (tbs: Buffer): string =>
  tbs.toString('hex').replace(keyIdHex(twin.intermediate), keyIdHex(stepIntermediate));
const keyIdHex = (certificate: Certificate): string => certificate.subjectKeyId?.toString('hex') ?? assert.fail();

describe('a leaf of the default template', () => {
  for (const [name, { sans }] of Object.entries(stepCa.leaves).filter(([name]) => name.startsWith('sign-'))) {
    it(`is what step-ca 0.30.2 signs, byte for byte: ${name}`, () => {
      const expected = golden(name);
      const { serial, notBefore, notAfter, publicKeyDer, provisioner } = expected;
      assert.ok(provisioner && sans);
      const request = {
        subject: { commonName: 'foo.test' },
        sans,
        publicKeyDer,
        notBefore,
        notAfter,
        serial,
        provisioner,
      };
      const ours = parseCertificate(twin.issuer.issue(request));
      assert.equal(asStepCa(ours.tbsDer), expected.tbsDer.toString('hex'));
    });
  }

  it('has a random serial number of 128 bits', async () => {
    const leaves = await Promise.all(Array.from({ length: 32 }, () => twin.leaf()));
    assert.equal(new Set(leaves.map(({ serial }) => serial)).size, 32);
    assert.ok(leaves.every(({ serial }) => serial > 0n && serial < 2n ** 128n));
    assert.ok(
      leaves.some(({ serial }) => serial >= 2n ** 127n),
      'the top bit is used',
    );
  });

  it('has a critical subjectAltName when nothing else names it (RFC 5280 4.2.1.6)', async () => {
    const leaf = await twin.leaf({ subject: {} });
    assert.equal(leaf.subject.text, '');
    assert.equal(leaf.extensions.find(({ oid }) => oid === oids.subjectAltName)?.critical, true);
  });

  it('has no subjectAltName when there are no names', async () => {
    const leaf = await twin.leaf({ sans: [] });
    assert.ok(!leaf.extensions.some(({ oid }) => oid === oids.subjectAltName));
  });

  it('carries added extensions before the provisioner’s', async () => {
    const extra = encodeExtension('1.2.3.4', octetString(Buffer.from('x')), true);
    const provisioner = { type: 'JWK', name: 'admin', credentialId: 'kid', keyValuePairs: ['a', 'ü'] } as const;
    const leaf = await twin.leaf({ extraExtensions: [extra], provisioner });
    assert.deepEqual(
      leaf.extensions.slice(-2).map(({ oid }) => oid),
      ['1.2.3.4', oids.provisioner],
    );
    assert.deepEqual(leaf.provisioner, provisioner);
  });

  it('switches to GeneralizedTime in 2050 (RFC 5280 4.1.2.5)', async () => {
    const [notBefore, notAfter] = [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)];
    const leaf = await twin.leaf({ notBefore, notAfter });
    assert.deepEqual([leaf.notBefore, leaf.notAfter], [notBefore, notAfter]);
    assert.ok(leaf.tbsDer.includes(tlv(Tag.utcTime, Buffer.from('491231235959Z'))));
    assert.ok(leaf.tbsDer.includes(tlv(Tag.generalizedTime, Buffer.from('20500101000000Z'))));
  });

  it('cuts fractions of seconds off', async () => {
    const leaf = await twin.leaf({ notBefore: start + 999, notAfter: start + day + 1 });
    assert.deepEqual([leaf.notBefore, leaf.notAfter], [start, start + day]);
  });

  it('is refused for times that cannot be written', async () => {
    for (const notAfter of [Number.NaN, Number.POSITIVE_INFINITY, Date.UTC(10_000, 0, 1)]) {
      await assert.rejects(twin.leaf({ notAfter }), { code: 'ERR_VALIDITY' });
    }
  });

  it('is refused for names that are not ASCII, with the name', async () => {
    for (const name of ['bücher.test', 'ü@web.test', 'urn:ü', 'https://bücher.test/']) {
      await assert.rejects(twin.leaf({ sans: [name] }), { code: 'ERR_SAN', kind: 'invalid' });
    }
  });

  it('is refused for an address that is none and a subject that is no text', async () => {
    const sans = { ...groupSans([]), ip: ['10.0.0'] };
    await assert.rejects(twin.leaf({ sans }), { code: 'ERR_SAN' });
    await assert.rejects(twin.leaf({ subject: { commonName: '\ud800' } }), { code: 'ERR_SUBJECT' });
  });

  it('is refused for a public key that is none', async () => {
    await assert.rejects(twin.leaf({ publicKeyDer: Buffer.from('3000', 'hex') }), { code: 'ERR_DER' });
  });
});

describe('a re-issued leaf', () => {
  const renewed = golden('renew-mtls');
  const rekeyed = golden('rekey-mtls');
  const { subject, provisioner, serial, notBefore, notAfter } = renewed;
  assert.ok(provisioner && subject.text === 'CN=renew.test');

  const original = parseCertificate(
    twin.issuer.issue({
      subject: { commonName: 'renew.test' },
      sans: renewed.sans,
      publicKeyDer: renewed.publicKeyDer,
      notBefore: start,
      notAfter: start + day,
      provisioner,
    }),
  );

  it('is what step-ca 0.30.2 renews to, byte for byte', () => {
    const ours = parseCertificate(twin.issuer.reissue(original, { notBefore, notAfter, serial }));
    assert.equal(asStepCa(ours.tbsDer), renewed.tbsDer.toString('hex'));
  });

  for (const name of ['rekey-mtls', 'rekey-same-key']) {
    it(`is what step-ca 0.30.2 rekeys to, byte for byte: ${name}`, () => {
      const { publicKeyDer, ...expected } = golden(name);
      const { serial, notBefore, notAfter } = expected;
      const ours = parseCertificate(twin.issuer.reissue(original, { publicKeyDer, notBefore, notAfter, serial }));
      assert.equal(asStepCa(ours.tbsDer), expected.tbsDer.toString('hex'));
    });
  }

  it('stays the same through any number of renewals', () => {
    const again = parseCertificate(twin.issuer.reissue(renewed, { notBefore, notAfter, serial }));
    assert.equal(asStepCa(again.tbsDer), renewed.tbsDer.toString('hex'));
  });

  it('follows the issuer: a new intermediate brings its own key identifier', async () => {
    const successor = await createFakeAuthority({ name: 'Golden' });
    const ours = parseCertificate(successor.issuer.reissue(rekeyed, { notBefore, notAfter }));
    assert.deepEqual(ours.authorityKeyId, successor.intermediate.subjectKeyId);
    assert.ok(verifyIssuedBy(ours, successor.intermediate));
  });

  it('keeps an odd subject and unknown extensions untouched', async () => {
    const subject = {
      country: ['DE', 'FR'],
      organization: 'Müller & Söhne',
      commonName: '*.web.test',
      serialNumber: '7',
    };
    const extra = encodeExtension('1.2.3.4', Buffer.from([5, 0]), true);
    const old = await twin.leaf({ subject, extraExtensions: [extra] });
    const ours = parseCertificate(twin.issuer.reissue(old, { notBefore: start, notAfter: start + day }));
    assert.deepEqual(ours.subjectDer, old.subjectDer);
    const rest = (certificate: Certificate) =>
      certificate.extensions.filter(({ oid }) => oid !== oids.authorityKeyIdentifier).map(({ der }) => der);
    assert.deepEqual(rest(ours), rest(old));
  });

  it('gets a subject key identifier when the old one had none', async () => {
    const withoutKeyId = {
      ...original,
      extensions: original.extensions.filter(({ oid }) => oid !== oids.subjectKeyIdentifier),
    };
    const ours = parseCertificate(twin.issuer.reissue(withoutKeyId, { notBefore, notAfter }));
    assert.deepEqual(
      ours.extensions.slice(0, 2).map(({ oid }) => oid),
      [oids.subjectKeyIdentifier, oids.authorityKeyIdentifier],
    );
    assert.deepEqual(ours.subjectKeyId, original.subjectKeyId);
  });
});

describe('issuers', () => {
  const algorithms: [KeySpec, string][] = [
    ['EC-P256', 'ECDSA-SHA256'],
    ['EC-P384', 'ECDSA-SHA384'],
    ['EC-P521', 'ECDSA-SHA512'],
    ['RSA-2048', 'SHA256-RSA'],
    ['Ed25519', 'Ed25519'],
  ];
  for (const [keySpec, name] of algorithms) {
    it(`with a key of ${keySpec} sign by ${name}, which OpenSSL and @peculiar/x509 verify`, async () => {
      const authority = await createFakeAuthority({ keySpec });
      const chain = [await authority.leaf(), authority.intermediate, authority.root, authority.root];
      for (const [index, child] of chain.slice(0, 3).entries()) {
        const parent = chain[index + 1] ?? child;
        assert.equal(child.signatureAlgorithm?.name, name);
        assert.ok(verifyIssuedBy(child, parent));
        assert.ok(new X509Certificate(child.der).verify(parent.publicKey));
        const publicKey = new peculiar.X509Certificate(parent.der).publicKey;
        assert.ok(await new peculiar.X509Certificate(child.der).verify({ publicKey, signatureOnly: true }));
      }
    });
  }

  it('with an RSA key keep the hash and padding of their own certificate, as step-ca does', async () => {
    const { key, certificate } = await rsaPssAuthority();
    const leaf = parseCertificate(
      createLeafIssuer(certificate, key).issue({
        subject: { commonName: 'a' },
        sans: ['a'],
        publicKeyDer: publicKeyDer(key),
        notBefore: start,
        notAfter: start + day,
      }),
    );
    assert.equal(leaf.signatureAlgorithm?.name, 'SHA384-RSAPSS');
    assert.ok(verifyIssuedBy(leaf, certificate));
    assert.ok(new X509Certificate(leaf.der).verify(certificate.publicKey));
    assert.deepEqual(leaf.keyUsage, ['digitalSignature', 'keyEncipherment']);
  });

  it('are refused when the key is not theirs or they are no authority', async () => {
    const [leafKey, authority] = [await generatePrivateKey(), await createFakeAuthority()];
    const leaf = await authority.leaf({ publicKeyDer: publicKeyDer(leafKey) });
    assert.throws(() => createLeafIssuer(leaf, leafKey), { code: 'ERR_ISSUER' });
    assert.throws(() => createLeafIssuer(authority.intermediate, leafKey), { code: 'ERR_ISSUER' });
    const request = { subject: {}, publicKeyDer: publicKeyDer(leafKey), notBefore: start, notAfter: start };
    for (const [issuerCertificate, issuerKey] of [
      [leaf, leafKey],
      [authority.root, leafKey],
    ] as const) {
      assert.throws(() => buildIntermediateCertificate({ ...request, issuerCertificate, issuerKey }), {
        code: 'ERR_ISSUER',
      });
    }
  });
});

/** A self-signed RSA authority signed with PSS, which our builders do not make: by @peculiar/x509. */
async function rsaPssAuthority() {
  const algorithm = {
    name: 'RSA-PSS',
    hash: 'SHA-384',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await peculiar.X509CertificateGenerator.createSelfSigned({
    name: 'CN=PSS',
    keys,
    signingAlgorithm: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 } as { name: string; hash: string },
    notBefore: new Date(start),
    notAfter: new Date(start + day),
    extensions: [new peculiar.BasicConstraintsExtension(true, 0, true)],
  });
  return { key: KeyObject.from(keys.privateKey), certificate: parseCertificate(new Uint8Array(made.rawData)) };
}

describe('root and intermediate', () => {
  it('have the names, extensions and order of `step ca init`', async () => {
    const { root, intermediate } = await createFakeAuthority({ name: 'Golden' });
    assert.equal(root.subject.text, 'CN=Golden Root CA,O=Golden');
    assert.deepEqual(root.issuerDer, root.subjectDer);
    const shape = (certificate: Certificate) => certificate.extensions.map(({ oid, critical }) => `${oid} ${critical}`);
    assert.deepEqual(shape(intermediate), shape(stepIntermediate));
    assert.deepEqual(shape(root), shape(stepIntermediate).slice(0, 3));
    assert.deepEqual([root.pathLength, intermediate.pathLength], [1, 0]);
    assert.deepEqual(intermediate.subjectDer, stepIntermediate.subjectDer);
    for (const oid of [oids.keyUsage, oids.basicConstraints]) {
      const value = (certificate: Certificate) =>
        certificate.extensions.find((extension) => extension.oid === oid)?.value;
      assert.deepEqual(value(intermediate), value(stepIntermediate));
    }
  });

  it('carry added extensions and another path length', async () => {
    const key = await generatePrivateKey();
    const extraExtensions = [encodeExtension('1.2.3.4', Buffer.from([5, 0]))];
    const request = {
      subject: { commonName: 'R' },
      key,
      notBefore: start,
      notAfter: start + day,
      pathLength: 3,
      extraExtensions,
    };
    const root = parseCertificate(buildRootCertificate(request));
    assert.equal(root.pathLength, 3);
    assert.equal(root.extensions.at(-1)?.oid, '1.2.3.4');
  });

  it('take the name of another certificate as it is written there', async () => {
    const { root } = await createFakeAuthority({
      root: { subject: { country: ['DE', 'AT'], commonName: 'Wurzel ß' } },
    });
    const key = await generatePrivateKey();
    const request = { subject: { der: root.subjectDer }, key, notBefore: start, notAfter: start + day };
    assert.deepEqual(parseCertificate(buildRootCertificate(request)).subjectDer, root.subjectDer);
  });
});

describe('what is written', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const name = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    fc.ipV4(),
    fc.ipV6(),
    label.map((text) => `${text}@web.test`),
    label.map((text) => `spiffe://web.test/${text}`),
  );
  const subject = fc.record(
    {
      commonName: fc.string({ unit: 'grapheme', minLength: 1 }),
      organization: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 3 }),
      locality: fc.string({ minLength: 1 }),
    },
    { requiredKeys: [] },
  );

  it('is read back to the same by us, OpenSSL and @peculiar/x509', async () => {
    const spki = publicKeyDer(await generatePrivateKey());
    await fc.assert(
      fc.asyncProperty(subject, fc.array(name, { maxLength: 5 }), fc.nat(3e9), async (fields, names, seconds) => {
        const notBefore = seconds * 1000;
        const sans = groupSans(names);
        const leaf = await twin.leaf({
          subject: fields,
          sans,
          publicKeyDer: spki,
          notBefore,
          notAfter: notBefore + day,
        });
        assert.deepEqual(leaf.sans, sans);
        assert.equal(leaf.commonName, fields.commonName ?? '');
        const openssl = new X509Certificate(leaf.der);
        assert.equal(openssl.validToDate.getTime(), notBefore + day);
        assert.equal(BigInt(`0x${openssl.serialNumber}`), leaf.serial);
        assert.equal(openssl.fingerprint256.replaceAll(':', '').length, 64);
        const read = new peculiar.X509Certificate(leaf.der);
        assert.deepEqual(peculiarNames(read), [...sans.dns, ...sans.email, ...sans.ip, ...sans.uri].sort());
        assert.equal(read.subjectName.getField('CN')[0] ?? '', fields.commonName ?? '');
        assert.equal(read.notBefore.getTime(), notBefore);
      }),
      { numRuns: 60 },
    );
  });

  function peculiarNames(certificate: peculiar.X509Certificate): string[] {
    const names = certificate.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.items ?? [];
    return names.map(({ type, value }) => (type === 'ip' ? (groupSans([value]).ip[0] ?? '') : value)).sort();
  }
});
