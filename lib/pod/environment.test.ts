import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Environment, parseDurationVariable, parseLogSettings, parsePodSettings } from './index.ts';

const fingerprint = 'ab'.repeat(32);

/** What upstream's webhook sets, in its order, for a bootstrapper. */
const upstream: Environment = {
  COMMON_NAME: 'web.shop.svc',
  DURATION: '',
  OWNER: '',
  MODE: '',
  STEP_TOKEN: 'a.b.c',
  STEP_CA_URL: 'https://ca.step.svc.cluster.local',
  STEP_FINGERPRINT: fingerprint,
  STEP_NOT_AFTER: '24h',
  POD_NAME: 'web-',
  NAMESPACE: 'shop',
  CLUSTER_DOMAIN: 'cluster.local',
};

describe('parsePodSettings', () => {
  it('reads the environment of upstream', () => {
    assert.deepEqual(parsePodSettings(upstream), {
      caUrl: new URL('https://ca.step.svc.cluster.local'),
      rootFingerprint: fingerprint,
      commonName: 'web.shop.svc',
      sans: [],
      notAfter: '24h',
      credential: { kind: 'token', ott: 'a.b.c' },
      paths: {
        root: '/var/run/autocert.step.sm/root.crt',
        certificate: '/var/run/autocert.step.sm/site.crt',
        key: '/var/run/autocert.step.sm/site.key',
      },
      write: { mode: 'atomic', publicMode: 0o644, keyMode: 0o600, owner: undefined },
    });
  });

  it('reads paths of custom images, names, owner and modes', () => {
    const settings = parsePodSettings({
      ...upstream,
      CRT: '/tls/tls.crt',
      KEY: '/private/tls.key',
      STEP_ROOT: '/trust/ca.pem',
      AUTOCERT_SANS: 'web, web.shop.svc,,10.0.0.1',
      AUTOCERT_WRITE_MODE: 'in-place',
      AUTOCERT_KEY_MODE: '0640',
      OWNER: '999:1000',
      DURATION: '1h',
    });
    assert.deepEqual(settings.paths, { root: '/trust/ca.pem', certificate: '/tls/tls.crt', key: '/private/tls.key' });
    assert.deepEqual(settings.sans, ['web', 'web.shop.svc', '10.0.0.1']);
    assert.deepEqual(settings.write, {
      mode: 'in-place',
      publicMode: 0o644,
      keyMode: 0o640,
      owner: { uid: 999, gid: 1000 },
    });
    assert.equal(settings.notAfter, '1h');
  });

  it('gives MODE to all three files, as upstream', () => {
    const { write } = parsePodSettings({ ...upstream, MODE: '600', AUTOCERT_KEY_MODE: '0644', OWNER: '999' });
    assert.deepEqual([write.publicMode, write.keyMode, write.owner], [0o600, 0o600, { uid: 999, gid: undefined }]);
  });

  it('prefers the ServiceAccount to a token when it is told where to ask', () => {
    const url = 'https://autocert.step.svc:4444/v1/bootstrap';
    const { credential } = parsePodSettings({ ...upstream, AUTOCERT_BOOTSTRAP_URL: url });
    assert.deepEqual(credential, {
      kind: 'service-account',
      bootstrapUrl: new URL(url),
      tokenFile: '/var/run/secrets/autocert.step.sm/token',
    });
  });

  it('takes an empty STEP_TOKEN for a Secret that is gone', () => {
    assert.deepEqual(parsePodSettings({ ...upstream, STEP_TOKEN: '' }).credential, { kind: 'none' });
  });

  const rows: [string, Environment, string, RegExp][] = [
    ['no CA', { STEP_CA_URL: '' }, 'ERR_POD_ENVIRONMENT', /^STEP_CA_URL: missing/],
    ['a CA without TLS', { STEP_CA_URL: 'http://ca' }, 'ERR_CA_URL', /not https/],
    ['no name', { COMMON_NAME: undefined }, 'ERR_POD_ENVIRONMENT', /^COMMON_NAME: missing/],
    ['a fingerprint that is none', { STEP_FINGERPRINT: 'abc' }, 'ERR_FINGERPRINT_FORMAT', /"abc"/],
    ['a symbolic mode', { MODE: 'u=rw' }, 'ERR_POD_ENVIRONMENT', /^MODE: "u=rw" is not a file mode/],
    ['a mode with more than permissions', { MODE: '4644' }, 'ERR_POD_ENVIRONMENT', /^MODE/],
    ['an owner by name', { OWNER: 'postgres' }, 'ERR_POD_ENVIRONMENT', /^OWNER: "postgres" is not uid/],
    ['an unknown write mode', { AUTOCERT_WRITE_MODE: 'fast' }, 'ERR_POD_ENVIRONMENT', /none of atomic, in-place/],
    ['a webhook without TLS', { AUTOCERT_BOOTSTRAP_URL: 'http://x/' }, 'ERR_POD_ENVIRONMENT', /not an https/],
    ['equal paths', { CRT: '/a/b', KEY: '/a/b' }, 'ERR_CERTIFICATE_PATHS', /equal/],
  ];
  for (const [name, change, code, message] of rows) {
    it(`refuses ${name}`, () =>
      assert.throws(() => parsePodSettings({ ...upstream, ...change }), { code, kind: 'invalid', message }));
  }
});

describe('parseLogSettings', () => {
  it('is info and json unless told otherwise', () => {
    assert.deepEqual(parseLogSettings({}), { level: 'info', format: 'json' });
    assert.deepEqual(parseLogSettings({ AUTOCERT_LOG_LEVEL: 'debug', AUTOCERT_LOG_FORMAT: 'text' }), {
      level: 'debug',
      format: 'text',
    });
  });
});

describe('parseDurationVariable', () => {
  it('reads a Go duration, the default when unset', () => {
    assert.equal(parseDurationVariable({}, 'D', 7), 7);
    assert.equal(parseDurationVariable({ D: '90s' }, 'D', 7), 90_000);
    assert.equal(parseDurationVariable({ D: '0' }, 'D', 7), 0);
  });
  for (const text of ['5', '-5m', '1d']) {
    it(`refuses ${text} and names the variable`, () =>
      assert.throws(() => parseDurationVariable({ D: text }, 'D', 7), {
        code: 'ERR_POD_ENVIRONMENT',
        message: /^D: /,
      }));
  }
});
