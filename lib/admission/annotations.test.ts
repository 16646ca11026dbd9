import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors/index.ts';
import { annotations, readCertificateWish } from './annotations.ts';
import type { CertificateWish, ClusterFacts } from './types.ts';

const open = { restrictCertificatesToNamespace: false, clusterDomain: '' };

const read = (wishes: Record<string, string>, lifetimes?: ClusterFacts['lifetimes'], policy = open): CertificateWish =>
  readCertificateWish(
    Object.fromEntries(
      Object.entries({ name: 'web', ...wishes }).map(([key, value]) => [`autocert.step.sm/${key}`, value]),
    ),
    'default',
    policy,
    lifetimes,
  );

function refusal(...args: Parameters<typeof read>): AppError {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return assert.fail('not refused');
}

describe('readCertificateWish', () => {
  it('knows upstream’s eight annotations and three of ours', () =>
    assert.deepEqual(
      Object.values(annotations).map((name) => name.replace('autocert.step.sm/', '')),
      [
        'name',
        'sans',
        'duration',
        'owner',
        'mode',
        'init-first',
        'bootstrapper-only',
        'status',
        'write-mode',
        'native-sidecar',
        'metrics-port',
      ],
    ));

  it('takes a name for everything', () =>
    assert.deepEqual(read({}), { subject: 'web', sans: ['web'], bootstrapperOnly: false, warnings: [] }));

  it('takes all of them', () =>
    assert.deepEqual(
      read({
        sans: 'web,web.default.svc, 10.0.0.7',
        duration: '1h30m',
        owner: '1000:2000',
        mode: '0640',
        'init-first': 'True',
        'bootstrapper-only': 'TRUE',
        'write-mode': 'in-place',
        'native-sidecar': 'false',
        'metrics-port': '9402',
        status: 'injected',
      }),
      {
        subject: 'web',
        sans: ['web', 'web.default.svc', '10.0.0.7'],
        duration: '1h30m',
        owner: { uid: 1000, gid: 2000 },
        mode: '0640',
        initFirst: true,
        bootstrapperOnly: true,
        writeMode: 'in-place',
        nativeSidecar: false,
        metricsPort: 9402,
        warnings: [],
      },
    ));

  it('takes an empty value for none, as upstream', () => {
    const empty = {
      sans: '',
      duration: '',
      owner: '',
      mode: '',
      'init-first': '',
      'write-mode': '',
      'native-sidecar': '',
      'metrics-port': '',
    };
    assert.deepEqual(read(empty), read({}));
  });

  const sans: [text: string, names: string[]][] = [
    ['a,b', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    ['a,', ['a']],
    [',a,,b', ['a', 'b']],
    ['a,\tb,\na', ['a', 'b']],
    ['*.default.svc,jane@example.com,spiffe://td/x,::1', ['*.default.svc', 'jane@example.com', 'spiffe://td/x', '::1']],
  ];
  for (const [text, names] of sans) {
    it(`reads sans ${JSON.stringify(text)}`, () => assert.deepEqual(read({ sans: text }).sans, names));
  }

  const good: [annotation: string, values: string[]][] = [
    ['duration', ['1s', '5m', '24h', '1.5h', '1h30m', '8760h', '+1h', '100000h']],
    ['owner', ['0', '1000', '1000:1000', '2147483647:0']],
    ['mode', ['600', '0600', '400', '0644', '777']],
    ['init-first', ['true', 'false', 'TRUE', 'False']],
  ];
  for (const [annotation, values] of good) {
    for (const value of values) it(`takes ${annotation} ${value}`, () => void read({ [annotation]: value }));
  }

  const bad: [annotation: string, values: string[]][] = [
    ['sans', [',', ' ', ' , ,', Array.from({ length: 101 }, (_, at) => `n${at}.example`).join()]],
    [
      'duration',
      [
        '1d',
        '24',
        'h',
        'one hour',
        '0',
        '0s',
        '-5m',
        '999ms',
        ' 1h',
        '1h ',
        '2030-01-01T00:00:00Z',
        '1e3s',
        '9999999h',
        '１h',
      ],
    ],
    [
      'owner',
      [
        'root',
        '1000:',
        ':1000',
        '1000.1000',
        '1000:1000:1',
        '-1',
        '0x10',
        '2147483648',
        '1000:99999999999',
        ' 1000',
        '1000 ',
      ],
    ],
    ['mode', ['u=rw', '60', '0o600', '888', '06000', '1600', '4755', '0200', '0077', '-600', '6 00']],
    ['init-first', ['yes', '1', ' true', 'truе']],
    ['bootstrapper-only', ['on', 'tru']],
    ['native-sidecar', ['auto', 'always']],
    ['metrics-port', ['80', '65536', '-1', '9402/tcp', ':9402', '0x2000', '1e4', ' 9402']],
    ['write-mode', ['Atomic', 'inplace', 'copy']],
  ];
  for (const [annotation, values] of bad) {
    for (const value of values) {
      it(`refuses ${annotation} ${JSON.stringify(value.slice(0, 40))}, with annotation, value, rule and remedy`, () => {
        const error = refusal({ [annotation]: value });
        assert.deepEqual([error.code, error.kind], ['ERR_ANNOTATION_INVALID', 'invalid']);
        const shown = JSON.stringify(value.slice(0, 20)).slice(0, -1);
        assert.ok(error.message.startsWith(`annotation autocert.step.sm/${annotation}: ${shown}`), error.message);
        assert.ok(error.hint);
      });
    }
  }

  for (const [annotation, wishes] of [
    ['name', { name: 'Bad Name!' }],
    ['name', { name: ' ' }],
    ['name', { name: 'web.default.svc.' }],
    ['name', { name: 'wéb' }],
    ['name', { name: 'x'.repeat(10_000) }],
    ['sans', { sans: 'web,bad name' }],
    ['sans', { sans: 'web,10.0.0.256' }],
  ] as const) {
    it(`refuses ${JSON.stringify(wishes).slice(0, 40)} and says that it was in ${annotation}`, () => {
      const error = refusal(wishes);
      assert.equal(error.code, 'ERR_NAME_INVALID');
      assert.match(error.message, new RegExp(`^annotation autocert\\.step\\.sm/${annotation}: `));
      assert.ok(error.message.length < 300);
    });
  }

  it('keeps to the lifetimes of the provisioner, where they are known', () => {
    const lifetimes = { minMs: 300_000, maxMs: 86_400_000 };
    assert.equal(read({ duration: '5m' }, lifetimes).duration, '5m');
    assert.equal(read({ duration: '24h' }, lifetimes).duration, '24h');
    for (const duration of ['4m59s', '24h0m1s']) {
      assert.match(refusal({ duration }, lifetimes).message, /the CA gives 5m0s to 24h0m0s$/);
    }
  });

  it('asks the policy about the name and about every SAN', () => {
    const strict = { ...open, restrictCertificatesToNamespace: true };
    const other = { sans: 'web.default.svc,web.other.svc' };
    assert.deepEqual(
      [refusal(other, undefined, strict).code, refusal(other, undefined, strict).kind],
      ['ERR_NAME_FORBIDDEN', 'forbidden'],
    );
    assert.match(refusal({ name: 'a.other.svc' }, undefined, strict).message, /^annotation autocert\.step\.sm\/name/);
    assert.match(
      refusal({ name: 'a.other.svc', sans: 'a' }, undefined, strict).message,
      /^annotation autocert\.step\.sm\/name/,
    );
  });

  const warned: [what: string, wishes: Record<string, string>, warning: RegExp][] = [
    ['a name that is no SAN', { sans: 'other' }, /sans lacks the name "web"/],
    ['a long common name', { name: 'a.'.repeat(40).slice(0, -1) }, /longer than 64/],
    [
      'an annotation that is not known',
      { san: 'x' },
      /autocert\.step\.sm\/san is not known; did you mean autocert\.step\.sm\/sans\?/,
    ],
    ['one that is like none', { 'something-else': 'x' }, /something-else is not known$/],
  ];
  for (const [what, wishes, warning] of warned) {
    it(`warns about ${what}`, () => assert.match(read(wishes).warnings[0] ?? '', warning));
  }
});
