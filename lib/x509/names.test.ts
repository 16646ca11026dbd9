import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Tag, tlv } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import { classifySan, encodeName, formatIp, groupSans, listSans, parseIp } from './index.ts';
import { commonNameOf, decodeName } from './name.ts';
import { decodeGeneralNames, encodeGeneralNames } from './subject-alt-name.ts';
import { hasCertifiableHost, parseUri } from './uri.ts';

describe('classifySan', () => {
  // observed with step-ca 0.30.2, or printed by Go's net/url and net
  const rows: [string, string, string?][] = [
    ['10.0.0.1', 'ip'],
    ['::1', 'ip'],
    ['FD00:0:0::1', 'ip', 'fd00::1'],
    ['::ffff:10.0.0.1', 'ip', '10.0.0.1'],
    ['010.0.0.1', 'dns'],
    ['10.0.0', 'dns'],
    ['fe80::1%eth0', 'uri'],
    ['127.0.0.1:80', 'dns'],
    ['localhost:8080', 'uri'],
    ['mailto:a@b', 'uri'],
    ['urn:x', 'uri'],
    ['HTTPS://Web.test/A', 'uri', 'https://Web.test/A'],
    ['spiffe://web.test/a b', 'uri', 'spiffe://web.test/a%20b'],
    ['spiffe://', 'uri', 'spiffe:'],
    ['a@web.test', 'email'],
    ['@', 'email'],
    ['http://[::1', 'dns'],
    ['under_score:80', 'dns'],
    ['web.test', 'dns'],
    ['*.web.test', 'dns'],
    ['a b', 'dns'],
    ['/path', 'dns'],
    ['[::3]', 'dns'],
    ['bücher.test', 'dns'],
  ];
  for (const [text, type, value] of rows) {
    it(`takes ${JSON.stringify(text)} for ${type}`, () => {
      assert.deepEqual(classifySan(text), { type, value: value ?? text });
    });
  }

  it('groups by kind, keeps the order and skips empty texts', () => {
    const sans = groupSans(['b', '', '::1', 'a', 'x@y', 'urn:z', 'a']);
    assert.deepEqual(sans, { dns: ['b', 'a', 'a'], ip: ['::1'], email: ['x@y'], uri: ['urn:z'] });
    assert.deepEqual(listSans(sans), ['b', 'a', 'a', '::1', 'x@y', 'urn:z']);
  });

  it('takes its own spelling for the same name', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.ipV6(),
          fc.string().map((text) => `a://${text}`),
        ),
        (text) => {
          const once = classifySan(text);
          assert.deepEqual(classifySan(once.value), once);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('parseUri', () => {
  const rows: [string, string | undefined, string?][] = [
    ['https://user:p%41ss@web.test:8443/a?b#c', 'web.test:8443', 'https://user:pAss@web.test:8443/a?b#c'],
    ['https://[::1]:80/', '[::1]:80'],
    ['a://b:c/', undefined],
    ['http://a:1:2/', undefined],
    ['a:b', ''],
    ['a:/b', ''],
    ['a://b/%zz', undefined],
    ['a:%zz', ''],
    ['1a:b', undefined],
    ['a://b c/', undefined],
    ['a:\u0001', undefined],
    ['a://ü/', 'ü', 'a://%C3%BC/'],
  ];
  for (const [text, host, printed] of rows) {
    it(`reads ${JSON.stringify(text)} as Go does`, () => {
      const uri = parseUri(text);
      assert.equal(uri?.host, host);
      assert.equal(uri?.text, host === undefined ? undefined : (printed ?? text));
    });
  }

  it('knows hosts that no certificate may hold', () => {
    for (const text of ['a://ü/', 'a://b./', 'a://b..c/', 'a://.b/']) {
      const uri = parseUri(text);
      assert.ok(uri && !hasCertifiableHost(uri));
    }
    for (const text of ['a:b', 'a:///c', 'a://b_c.d:80/', 'a://[::1]/']) {
      const uri = parseUri(text);
      assert.ok(uri && hasCertifiableHost(uri));
    }
  });
});

describe('IP addresses', () => {
  it('are read as Node reads them, apart from zones', () => {
    const part = fc.constantFrom(
      '',
      ':',
      '::',
      '0',
      '00',
      '1',
      '255',
      '256',
      'f',
      'ffff',
      '10000',
      '.',
      '1.2.3.4',
      'g',
    );
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (address) => assert.equal(parseIp(address) !== undefined, isIPv4(address) || isIPv6(address))),
      { numRuns: 3000 },
    );
  });

  it('are printed so that they are read back, IPv6 in RFC 5952 form', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(octets, (bytes) => {
        const text = formatIp(bytes);
        assert.deepEqual(parseIp(text), Buffer.from(bytes));
        if (bytes.length === 16) assert.equal(`[${text}]`, new URL(`http://[${text}]`).host);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('general names', () => {
  it('come in the order DNS, email, IP, URI', () => {
    const bytes = encodeGeneralNames(groupSans(['urn:x', '10.0.0.1', 'a@b', 'web']));
    assert.equal(bytes.toString('hex'), `3017${'8203776562'}${'8103614062'}${'87040a000001'}${'860575726e3a78'}`);
  });

  it('may be a hundred thousand', () => {
    const dns = Array.from({ length: 100_000 }, (_, index) => `a${index}`);
    const sans = { ...groupSans([]), dns };
    assert.deepEqual(decodeGeneralNames(encodeGeneralNames(sans), 'certificate'), sans);
  });

  it('answer any bytes with names or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const sans = decodeGeneralNames(tlv(Tag.sequence, bytes), 'certificate');
          assert.deepEqual(decodeGeneralNames(encodeGeneralNames(sans), 'certificate'), sans);
        } catch (error) {
          assert.ok(isAppError(error) && error.kind === 'invalid', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('distinguished names', () => {
  it('have Go’s order of attributes and one RDN for several values', () => {
    const bytes = encodeName({
      serialNumber: '7',
      commonName: 'web',
      postalCode: '1',
      streetAddress: 's',
      province: 'p',
      locality: 'l',
      organizationalUnit: ['b', 'a'],
      organization: 'o',
      country: 'DE',
    });
    assert.equal(
      decodeName(bytes, 'certificate').text,
      'SERIALNUMBER=7,CN=web,OU=a+OU=b,O=o,POSTALCODE=1,STREET=s,L=l,ST=p,C=DE',
    );
  });

  const tags: [string, number][] = [
    ['web.test', Tag.printableString],
    ["a '()+,-./:=?", Tag.printableString],
    ['*.web.test', Tag.utf8String],
    ['a&b', Tag.utf8String],
    ['a_b', Tag.utf8String],
    ['a@b', Tag.utf8String],
    ['é', Tag.utf8String],
  ];
  for (const [text, tag] of tags) {
    it(`write ${text} as string of tag ${tag}`, () => {
      const bytes = encodeName({ commonName: text });
      assert.ok(bytes.includes(tlv(tag, Buffer.from(text, 'utf8'))));
      assert.equal(commonNameOf(decodeName(bytes, 'certificate')), text);
    });
  }

  it('are printed without what would break a line or a field of a log', () => {
    const bytes = encodeName({ commonName: ' a,b+c"d\\e<f>g;h\n\u001b[31m ', organization: '#x' });
    const { text } = decodeName(bytes, 'certificate');
    assert.equal(text, 'CN=\\ a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\0a\\1b[31m\\ ,O=\\#x');
  });

  it('leave empty fields out', () => {
    assert.equal(encodeName({ commonName: '', organization: ['', ''], country: [] }).toString('hex'), '3000');
  });

  const name = (tag: number, content: string): Buffer =>
    Buffer.from(
      `30${hexLength(content, 11)}31${hexLength(content, 9)}30${hexLength(content, 7)}0603550403${tag.toString(16).padStart(2, '0')}${hexLength(content, 0)}${content}`,
      'hex',
    );
  const hexLength = (content: string, more: number): string =>
    (content.length / 2 + more).toString(16).padStart(2, '0');
  const read: [string, number, string, string][] = [
    ['BMPString', 0x1e, '00fc0041', 'üA'],
    ['T61String', 0x14, 'fc', 'ü'],
    ['IA5String', 0x16, '40', '@'],
    ['NumericString', 0x12, '3120', '1 '],
    ['a value that is no text', 0x02, '05', '#020105'],
  ];
  for (const [kind, tag, content, text] of read) {
    it(`read ${kind}`, () => assert.equal(commonNameOf(decodeName(name(tag, content), 'certificate')), text));
  }
  const broken: [string, number, string][] = [
    ['UTF8String with a cut-off character', 0x0c, 'c3'],
    ['PrintableString with an underscore', 0x13, '5f'],
    ['IA5String above ASCII', 0x16, '80'],
    ['NumericString with a letter', 0x12, '41'],
    ['BMPString with half a character', 0x1e, 'd800'],
  ];
  for (const [kind, tag, content] of broken) {
    it(`refuse ${kind}`, () => {
      assert.throws(() => decodeName(name(tag, content), 'certificate'), { code: 'ERR_CERTIFICATE' });
    });
  }
});
