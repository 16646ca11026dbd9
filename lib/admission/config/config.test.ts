import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { environment, ownConfigText, upstreamConfigText } from '../../../test/fixtures/admission.ts';
import { AppError } from '../../errors/index.ts';
import { parseWebhookConfig, type WebhookConfig } from './index.ts';
import { configKeys } from './schema.ts';

const minimal = 'caUrl: https://ca.step.svc\nbootstrapper: {image: b}\nrenewer: {image: r}\n';
const parse = (more: string, env: Record<string, string> = environment): WebhookConfig =>
  parseWebhookConfig(`${minimal}${more}\n`, env);

function problem(text: string, env: Record<string, string> = environment): string {
  try {
    parseWebhookConfig(text, env);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.deepEqual([error.code, error.kind], ['ERR_CONFIG', 'invalid']);
    assert.ok(error.hint);
    return error.message;
  }
  return assert.fail('not refused');
}

describe('parseWebhookConfig', () => {
  it('reads upstream’s file', () => {
    const config = parseWebhookConfig(upstreamConfigText, environment);
    assert.deepEqual([config.tokenMode, config.caUrl, config.logFormat], ['secret', 'https://localhost:9443', 'json']);
    assert.deepEqual(config.bootstrapper, {
      name: 'autocert-bootstrapper',
      image: 'cr.smallstep.com/smallstep/autocert-bootstrapper:0.20.5',
      resources: { requests: { cpu: '10m', memory: '20Mi' } },
      imagePullPolicy: 'IfNotPresent',
      volumeMounts: [{ name: 'certs', mountPath: '/var/run/autocert.step.sm' }],
    });
    assert.deepEqual(config.certsVolume, { name: 'certs', emptyDir: {} });
  });

  it('reads our chart’s file', () =>
    assert.equal(parseWebhookConfig(ownConfigText, environment).tokenMode, 'service-account'));

  it('fills in what is not said', () => {
    const volumeMounts = [{ name: 'certs', mountPath: '/var/run/autocert.step.sm' }];
    assert.deepEqual(parse(''), {
      address: ':4443',
      service: 'autocert',
      logFormat: 'text',
      caUrl: 'https://ca.step.svc',
      certLifetime: '',
      bootstrapper: { name: 'autocert-bootstrapper', image: 'b', volumeMounts },
      renewer: { name: 'autocert-renewer', image: 'r', volumeMounts },
      certsVolume: { name: 'certs', emptyDir: {} },
      restrictCertificatesToNamespace: false,
      clusterDomain: '',
      events: true,
      rootCAPath: '/home/step/certs/root_ca.crt',
      provisionerPasswordPath: '/home/step/password/password',
      tokenMode: 'secret',
      tokenSecretLimit: 1000,
      bootstrapAddress: ':4444',
      bootstrapUrl: 'https://autocert.step.svc:4444/v1/bootstrap',
      nativeSidecar: 'auto',
      writeMode: 'atomic',
      renewMethod: 'rekey',
      renewerMetricsPort: 0,
      webhookConfigurationName: '',
      provisionerName: 'autocert',
      namespace: 'step',
    });
  });

  it('takes empty texts for absent ones', () => {
    const keys = configKeys.filter((key) => !['caUrl', 'bootstrapper', 'renewer', 'certsVolume'].includes(key));
    assert.deepEqual(parse(keys.map((key) => `${key}: ""`).join('\n')), parse(''));
    assert.deepEqual(parse(keys.map((key) => `${key}:`).join('\n')), parse(''));
  });

  it('takes names of the environment', () => {
    const config = parse('', { PROVISIONER_NAME: 'p', PROVISIONER_KID: 'k', NAMESPACE: 'n', STEPPATH: '/s' });
    assert.deepEqual([config.provisionerName, config.provisionerKid, config.namespace], ['p', 'k', 'n']);
    assert.equal(config.rootCAPath, '/s/certs/root_ca.crt');
    assert.equal(config.bootstrapUrl, 'https://autocert.n.svc:4444/v1/bootstrap');
    assert.equal(parse('bootstrapAddress: ":8444"').bootstrapUrl, 'https://autocert.step.svc:8444/v1/bootstrap');
  });

  it('reads YAML as Kubernetes does', () => {
    assert.equal(parse('restrictCertificatesToNamespace: yes').restrictCertificatesToNamespace, true);
    assert.deepEqual(parse('certsVolume: {name: certs, secret: {defaultMode: 0400}}').certsVolume.secret, {
      defaultMode: 0o400,
    });
  });

  it('keeps what it does not know of containers and volumes', () => {
    const text =
      'caUrl: https://ca\nbootstrapper: {image: b, future: {a: [1]}}\nrenewer: {image: r, args: [x]}\ncertsVolume: {csi: {driver: d}}';
    const config = parseWebhookConfig(text, environment);
    assert.deepEqual(config.bootstrapper.future, { a: [1] });
    assert.deepEqual(config.renewer.args, ['x']);
    assert.deepEqual(config.certsVolume, { name: 'certs', csi: { driver: 'd' } });
  });

  it('mounts the certificates’ volume where the template does not', () => {
    const text =
      'caUrl: https://ca\nbootstrapper: {image: b, volumeMounts: [{name: x, mountPath: /x}]}\nrenewer: {image: r}\ncertsVolume: {name: v, emptyDir: {}}';
    assert.deepEqual(parseWebhookConfig(text, environment).bootstrapper.volumeMounts, [
      { name: 'x', mountPath: '/x' },
      { name: 'v', mountPath: '/var/run/autocert.step.sm' },
    ]);
  });
});

describe('a configuration that is refused', () => {
  const rows: [what: string, text: string, message: RegExp][] = [
    ['nothing', '', /caUrl: missing; bootstrapper: missing; renewer: missing/],
    ['an unknown key', `${minimal}caURL: https://x`, /^"caURL": unknown key; did you mean caUrl\?$/],
    [
      'a slip of the hand',
      `${minimal}restrictCertificateToNamespace: true`,
      /did you mean restrictCertificatesToNamespace\?/,
    ],
    ['upstream’s slip', `${minimal}closterDomain: x`, /"closterDomain": unknown key; did you mean clusterDomain\?/],
    ['a key that is like none', `${minimal}somethingElse: x`, /^"somethingElse": unknown key$/],
    [
      'several problems at once',
      `${minimal}a: 1\nlogFormat: xml\nb: 2`,
      /logFormat: "xml".*"a": unknown key.*"b": unknown key/,
    ],
    ['no YAML', 'a: [', /^config\.yaml: /],
    ['a key twice', `${minimal}caUrl: https://x`, /^config\.yaml: Map keys must be unique/],
    ['a list', '- a', /expected object/],
    ['a text', 'hello', /expected object/],
    ['http', minimal.replace('https', 'http'), /^caUrl: "http:\/\/ca\.step\.svc" not an https URL$/],
    ['no URL', minimal.replace('https://', ''), /^caUrl: "ca\.step\.svc" not a URL$/],
    ['a password in the URL', minimal.replace('ca.step', 'u:p@ca.step'), /^caUrl: a URL without user/],
    [
      'a duration in days',
      `${minimal}certLifetime: 1d`,
      /^certLifetime: "1d" invalid duration "1d": unknown unit "d"$/,
    ],
    ['a duration of nothing', `${minimal}certLifetime: 0s`, /^certLifetime: "0s" must be positive$/],
    ['a duration without unit', `${minimal}certLifetime: 24`, /^certLifetime: expected string/],
    ['an address without port', `${minimal}address: localhost`, /^address: "localhost" /],
    ['another token mode', `${minimal}tokenMode: secrets`, /^tokenMode: "secrets" .*secret/],
    [
      'text for a boolean',
      `${minimal}restrictCertificatesToNamespace: "true"`,
      /restrictCertificatesToNamespace: .*boolean/,
    ],
    ['a container without image', minimal.replace('{image: b}', '{name: x}'), /^bootstrapper\.image: /],
    ['an empty image', minimal.replace('{image: b}', '{image: ""}'), /^bootstrapper\.image: /],
    [
      'a name that Kubernetes refuses',
      minimal.replace('{image: b}', '{image: b, name: A_b}'),
      /^bootstrapper\.name: "A_b" not a DNS label/,
    ],
    [
      'one name for both',
      minimal.replace('{image: b}', '{image: b, name: autocert-renewer}'),
      /^renewer\.name: .*bootstrapper's name too/,
    ],
    [
      'a restart policy',
      minimal.replace('{image: b}', '{image: b, restartPolicy: Always}'),
      /^bootstrapper\.restartPolicy: .*set by the webhook/,
    ],
    [
      'a read-only mount',
      minimal.replace('{image: r}', '{image: r, volumeMounts: [{name: certs, mountPath: /c, readOnly: true}]}'),
      /^renewer\.volumeMounts: "certs" is mounted read-only/,
    ],
    [
      'a mount of another volume in place of ours',
      `${minimal}certsVolume: {name: v, emptyDir: {}}`.replace(
        '{image: r}',
        '{image: r, volumeMounts: [{name: certs, mountPath: /var/run/autocert.step.sm}]}',
      ),
      /^renewer\.volumeMounts: "certs" is mounted at \/var\/run\/autocert\.step\.sm, where certsVolume "v" goes$/,
    ],
    ['variables that are no list', minimal.replace('{image: r}', '{image: r, env: {A: b}}'), /^renewer\.env: /],
    ['a cluster domain that is none', `${minimal}clusterDomain: "a b"`, /^clusterDomain: "a b" /],
  ];
  for (const [what, text, message] of rows) it(what, () => assert.match(problem(text), message));

  it('needs PROVISIONER_NAME and NAMESPACE', () => {
    assert.match(problem(minimal, {}), /^PROVISIONER_NAME: not set.*; NAMESPACE: not set/);
    assert.match(problem(minimal, { PROVISIONER_NAME: 'p', NAMESPACE: '' }), /^NAMESPACE: not set/);
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const candidate of [text, `${minimal}${text}`]) {
          try {
            parseWebhookConfig(candidate, environment);
          } catch (error) {
            assert.ok(error instanceof AppError, String(error));
          }
        }
      }),
    );
  });
  it('survives any value of any key', () => {
    fc.assert(
      fc.property(fc.constantFrom(...configKeys), fc.jsonValue(), (key, value) => {
        const whole = { caUrl: 'https://ca', bootstrapper: { image: 'b' }, renewer: { image: 'r' }, [key]: value };
        try {
          parseWebhookConfig(JSON.stringify(whole), environment);
        } catch (error) {
          assert.ok(error instanceof AppError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
  it('does not unfold a bomb of aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replace(/./g, (c) => `${c}: &${c} [${Array(9).fill(`*${String.fromCharCode(c.charCodeAt(0) - 1)}`)}]\n`)}`;
    assert.match(problem(bomb), /config\.yaml: .*alias/i);
  });
});

describe('docs/reference/configuration.md', () => {
  it('lists every key of config.yaml, and no other', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/reference/configuration.md'), 'utf8');
    const section = text.split('## config.yaml')[1]?.split('\n## ')[0] ?? '';
    const listed = Array.from(section.matchAll(/^\| `([A-Za-z]+)` \|/gm), ([, key]) => key);
    assert.deepEqual(listed.toSorted(), [...configKeys].toSorted());
  });
});
