import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AdmitOptions,
  type Admitted,
  admit,
  admitBody,
  at,
  configOf,
  ownConfigText,
  podOf,
  reviewBody,
  upstreamConfigText,
} from '../../test/fixtures/admission.ts';
import type { JsonObject } from './index.ts';

const name = 'web.default.svc';
const secretMode: AdmitOptions = { config: configOf(upstreamConfigText), facts: { nativeSidecars: false } };
const mount = { name: 'certs', mountPath: '/var/run/autocert.step.sm', readOnly: true };

const paths = ({ patch }: Admitted): string[] => patch.map(({ path }) => path);
const warnings = ({ response }: Admitted): string[] => at<string[]>(response, 'response.warnings') ?? [];
const reasonOf = ({ decision }: Admitted): string => (decision.kind === 'skip' ? decision.reason : decision.kind);
const names = (pod: JsonObject, list: string): string[] =>
  (at<{ name: string }[]>(pod, `spec.${list}`) ?? []).map((container) => container.name);

function denial(result: Admitted): { code: string; status: number; text: string } {
  assert.equal(result.decision.kind, 'deny', JSON.stringify(result.response));
  const status = at<{ code: number; message: string }>(result.response, 'response.status');
  return {
    code: result.decision.kind === 'deny' ? result.decision.error.code : '',
    status: status?.code ?? 0,
    text: status?.message ?? '',
  };
}

describe('pods that are left alone', () => {
  const plain = podOf({});
  const rows: [why: string, body: JsonObject, reason: string][] = [
    ['without the annotation', reviewBody(plain), 'not-annotated'],
    ['with an empty one', reviewBody(podOf({ name: '' })), 'not-annotated'],
    ['without annotations', reviewBody({ metadata: {}, spec: {} }), 'not-annotated'],
    ['with null in place of annotations', reviewBody({ metadata: { annotations: null } }), 'not-annotated'],
    ['without metadata', reviewBody({ spec: 'odd' }), 'not-annotated'],
    [
      'of another kind',
      reviewBody(podOf({ name }), { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }),
      'not-a-pod',
    ],
    [
      'of another group',
      reviewBody(podOf({ name }), { kind: { group: 'x.io', version: 'v1', kind: 'Pod' } }),
      'not-a-pod',
    ],
    ['of another kind in disguise', reviewBody({ ...podOf({ name }), kind: 'Service' }), 'not-a-pod'],
    ['by a subresource', reviewBody(podOf({ name }), { subResource: 'ephemeralcontainers' }), 'subresource'],
    ['that exist already', reviewBody(podOf({ name }), { operation: 'UPDATE' }), 'not-a-creation'],
    ['that are deleted', reviewBody(null, { operation: 'DELETE' }), 'not-a-creation'],
    [
      'that mirror a static pod',
      reviewBody(
        podOf({ name }, {}, { annotations: { 'autocert.step.sm/name': name, 'kubernetes.io/config.mirror': 'x' } }),
      ),
      'mirror-pod',
    ],
    ['for Windows', reviewBody(podOf({ name }, { os: { name: 'windows' } })), 'windows-pod'],
    [
      'for Windows by selector',
      reviewBody(podOf({ name }, { nodeSelector: { 'kubernetes.io/os': 'windows' } })),
      'windows-pod',
    ],
  ];
  for (const [why, body, reason] of rows) {
    it(why, () => {
      const result = admitBody(body);
      assert.equal(reasonOf(result), reason);
      assert.equal(at(result.response, 'response.allowed'), true);
      assert.equal(at(result.response, 'response.patch'), undefined);
    });
  }
  it('say so when they ask for something without a name', () =>
    assert.deepEqual(warnings(admit(podOf({ sans: 'a,b' }))), [
      'annotation autocert.step.sm/sans has no effect without autocert.step.sm/name',
    ]));
  it('say that there is no certificate on Windows', () =>
    assert.match(warnings(admit(podOf({ name }, { os: { name: 'windows' } })))[0] ?? '', /no certificate/));
});

describe('reviews that are no more than they must be', () => {
  it('are taken for the creation of a pod', () => {
    const body = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u', namespace: 'default', object: podOf({ name }) },
    };
    assert.equal(admitBody(body).decision.kind, 'inject');
  });
  it('take the namespace from the pod, where the request names none', () => {
    const { decision } = admitBody(reviewBody(podOf({ name }, {}, { namespace: 'apps' }), { namespace: '' }));
    assert.equal(decision.kind === 'inject' && decision.plan.namespace, 'apps');
  });
  it('go by the namespace of the request, also when the pod names none', () => {
    const config = configOf(ownConfigText, { restrictCertificatesToNamespace: true });
    const pod = podOf({ name }, {}, { namespace: '' });
    assert.equal(admit(pod, { config }).decision.kind, 'inject');
    assert.equal(denial(admitBody(reviewBody(pod, { namespace: 'other' }), { config })).status, 403);
  });
  it('are refused without any namespace', () =>
    assert.equal(
      denial(admitBody(reviewBody(podOf({ name }, {}, { namespace: null }), { namespace: '' }))).status,
      400,
    ));
});

describe('a pod that is no pod', () => {
  const good = podOf({ name });
  const rows: [what: string, object: unknown, place: RegExp][] = [
    ['null', null, /object: is null/],
    ['nothing', undefined, /object: is missing/],
    ['a text', 'zzz', /object: is "zzz"/],
    ['a list', [good], /object: is a list/],
    ['metadata of the wrong type', { ...good, metadata: [] }, /metadata: is a list/],
    [
      'annotations of the wrong type',
      { ...good, metadata: { annotations: ['a'] } },
      /metadata\.annotations: is a list/,
    ],
    [
      'a number for a name',
      podOf({}, {}, { annotations: { 'autocert.step.sm/name': 5 } }),
      /annotations\["autocert\.step\.sm\/name"\]: is a number/,
    ],
    [
      'a boolean for another annotation',
      podOf({}, {}, { annotations: { 'autocert.step.sm/name': name, x: true } }),
      /annotations\["x"\]: is a boolean/,
    ],
    ['no spec', { metadata: good.metadata }, /no container/],
    ['a spec of the wrong type', { ...good, spec: 'x' }, /spec: is "x"/],
    ['no containers', podOf({ name }, { containers: [] }), /no container/],
    ['null for containers', podOf({ name }, { containers: null }), /no container/],
    [
      'init containers alone',
      podOf({ name }, { containers: [], initContainers: [{ name: 'i', image: 'i' }] }),
      /no container/,
    ],
    ['an object for containers', podOf({ name }, { containers: {} }), /spec\.containers: is an object, not a list/],
    ['null for a container', podOf({ name }, { containers: [null] }), /spec\.containers\[0\]: is null/],
    [
      'a number for the name of a container',
      podOf({ name }, { containers: [{ name: 1 }] }),
      /spec\.containers\[0\]\.name: is a number/,
    ],
    ['text for mounts', podOf({ name }, { containers: [{ name: 'a', volumeMounts: 'x' }] }), /volumeMounts: is "x"/],
    [
      'a mount of the wrong type',
      podOf({ name }, { containers: [{ name: 'a', volumeMounts: [1] }] }),
      /volumeMounts\[0\]: is a number/,
    ],
    ['text for volumes', podOf({ name }, { volumes: 'x' }), /spec\.volumes: is "x"/],
    ['a volume without type', podOf({ name }, { volumes: [[]] }), /spec\.volumes\[0\]: is a list/],
  ];
  for (const [what, object, place] of rows) {
    it(`is refused: ${what}`, () => {
      const { code, status, text } = denial(admit(object));
      assert.deepEqual([code, status], ['ERR_POD_MALFORMED', 400]);
      assert.match(text, place);
    });
  }
});

describe('what the patch does to lists', () => {
  it('adds a list that is absent or null whole, and to one that is there', () => {
    const absent = admit(podOf({ name }), secretMode);
    assert.deepEqual(paths(absent), [
      '/spec/initContainers',
      '/spec/containers/0/volumeMounts',
      '/spec/containers/-',
      '/spec/volumes',
      '/metadata/annotations/autocert.step.sm~1status',
    ]);
    const none = { initContainers: null, volumes: null, containers: [{ name: 'app', volumeMounts: null }] };
    assert.deepEqual(paths(admit(podOf({ name }, none), secretMode)), paths(absent));
    const empty = { initContainers: [], volumes: [], containers: [{ name: 'app', volumeMounts: [] }] };
    assert.deepEqual(paths(admit(podOf({ name }, empty), secretMode)).slice(0, 4), [
      '/spec/initContainers/-',
      '/spec/containers/0/volumeMounts/-',
      '/spec/containers/-',
      '/spec/volumes/-',
    ]);
  });
  it('marks the pod, replacing a marker that is there', () => {
    const last = (pod: JsonObject) => admit(pod, secretMode).patch.at(-1);
    const path = '/metadata/annotations/autocert.step.sm~1status';
    assert.deepEqual(last(podOf({ name })), { op: 'add', path, value: 'injected' });
    assert.deepEqual(last(podOf({ name, status: '' })), { op: 'add', path, value: 'injected' });
    assert.deepEqual(last(podOf({ name, status: 'no' })), { op: 'replace', path, value: 'injected' });
    assert.equal(last(podOf({ name, status: 'injected' }))?.path, '/spec/volumes');
  });
  it('puts upstream’s bootstrapper last, or first when asked', () => {
    const initContainers = [{ name: 'one' }, { name: 'two' }];
    const last = admit(podOf({ name }, { initContainers }), secretMode);
    assert.deepEqual(names(last.pod, 'initContainers'), ['one', 'two', 'autocert-bootstrapper']);
    const first = admit(podOf({ name, 'init-first': 'TRUE' }, { initContainers }), secretMode);
    assert.deepEqual(names(first.pod, 'initContainers'), ['autocert-bootstrapper', 'one', 'two']);
    assert.deepEqual(paths(first).slice(0, 4), [
      '/spec/initContainers/0',
      '/spec/containers/0/volumeMounts',
      '/spec/initContainers/1/volumeMounts',
      '/spec/initContainers/2/volumeMounts',
    ]);
  });
  it('puts it before the pod’s first native sidecar, which would start without a certificate', () => {
    const initContainers = [{ name: 'one' }, { name: 'proxy', restartPolicy: 'Always' }, { name: 'two' }];
    const { pod } = admit(podOf({ name }, { initContainers }), secretMode);
    assert.deepEqual(names(pod, 'initContainers'), ['one', 'autocert-bootstrapper', 'proxy', 'two']);
    const asked = admit(podOf({ name, 'init-first': 'false' }, { initContainers }), secretMode);
    assert.equal(names(asked.pod, 'initContainers').at(-1), 'autocert-bootstrapper');
  });
});

describe('the renewer', () => {
  const initContainers = [{ name: 'one' }];
  const rows: [what: string, wishes: Record<string, string>, options: AdmitOptions, inits: string[], apps: string[]][] =
    [
      [
        'is a native sidecar where the cluster has them',
        {},
        {},
        ['autocert-bootstrapper', 'autocert-renewer', 'one'],
        ['app'],
      ],
      [
        'comes after the pod’s own when asked',
        { 'init-first': 'false' },
        {},
        ['one', 'autocert-bootstrapper', 'autocert-renewer'],
        ['app'],
      ],
      [
        'is a container in an old cluster',
        {},
        { facts: { nativeSidecars: false } },
        ['one', 'autocert-bootstrapper'],
        ['app', 'autocert-renewer'],
      ],
      [
        'is a container when the pod says so',
        { 'native-sidecar': 'false' },
        {},
        ['one', 'autocert-bootstrapper'],
        ['app', 'autocert-renewer'],
      ],
      [
        'is native when the pod says so',
        { 'native-sidecar': 'true' },
        { facts: { nativeSidecars: false } },
        ['autocert-bootstrapper', 'autocert-renewer', 'one'],
        ['app'],
      ],
      [
        'is a container when the configuration says so',
        {},
        { config: configOf(ownConfigText, { nativeSidecar: 'never' }) },
        ['one', 'autocert-bootstrapper'],
        ['app', 'autocert-renewer'],
      ],
      [
        'is native when the configuration says so',
        {},
        { config: configOf(ownConfigText, { nativeSidecar: 'always' }), facts: { nativeSidecars: false } },
        ['autocert-bootstrapper', 'autocert-renewer', 'one'],
        ['app'],
      ],
      ['is left out', { 'bootstrapper-only': 'True' }, {}, ['autocert-bootstrapper', 'one'], ['app']],
    ];
  for (const [what, wishes, options, inits, apps] of rows) {
    it(what, () => {
      const { pod } = admit(podOf({ name, ...wishes }, { initContainers }), options);
      assert.deepEqual(names(pod, 'initContainers'), inits);
      assert.deepEqual(names(pod, 'containers'), apps);
    });
  }
});

describe('an injected pod sent again', () => {
  for (const [mode, options] of [
    ['secret', secretMode],
    ['service-account', {}],
  ] as const) {
    it(`gets no change and no token in token mode ${mode}`, () => {
      const first = admit(podOf({ name }), options);
      assert.equal(reasonOf(admit(first.pod, options)), 'already-injected');
    });
  }

  it('keeps what other webhooks and the API server did to it', () => {
    const { pod } = admit(podOf({ name }));
    const copy = structuredClone(pod) as {
      spec: { initContainers: Record<string, unknown>[]; volumes: Record<string, unknown>[] };
    };
    for (const container of copy.spec.initContainers) {
      container.image = `mirror.example:5000/team/${String(container.image)}@sha256:${'0'.repeat(64)}`;
      container.terminationMessagePath = '/dev/termination-log';
      (container.env as unknown[]).push({ name: 'HTTPS_PROXY', value: 'http://proxy' });
      (container.volumeMounts as unknown[]).unshift({
        name: 'kube-api-access-1',
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      });
    }
    copy.spec.initContainers.unshift({ name: 'istio-init', image: 'istio', volumeMounts: [mount] });
    copy.spec.volumes.unshift({ name: 'kube-api-access-1', projected: { sources: [] } });
    assert.equal(reasonOf(admit(copy)), 'already-injected');
  });

  it('gets the mount into a container that was added since, and nothing else', () => {
    const { pod } = admit(podOf({ name }));
    const containers = [...(at<object[]>(pod, 'spec.containers') ?? []), { name: 'late', image: 'late' }];
    const late = { ...pod, spec: { ...at<object>(pod, 'spec'), containers } };
    assert.deepEqual(admit(late).patch, [{ op: 'add', path: '/spec/containers/1/volumeMounts', value: [mount] }]);
  });

  it('keeps the mode of its key, and its token, when a container of another user joins', () => {
    const { pod } = admit(podOf({ name }, { securityContext: { runAsUser: 1000 } }), secretMode);
    const proxy = { name: 'istio-proxy', image: 'proxy', securityContext: { runAsUser: 1337 } };
    const containers = [...(at<object[]>(pod, 'spec.containers') ?? []), proxy];
    const late = admit({ ...pod, spec: { ...at<object>(pod, 'spec'), containers } }, secretMode);
    assert.deepEqual(paths(late), ['/spec/containers/2/volumeMounts']);
    assert.deepEqual(warnings(late), []);
  });

  it('mints a token again only for a new bootstrapper', () => {
    const needsToken = (pod: unknown): boolean | undefined => {
      const { decision } = admit(pod, secretMode);
      return decision.kind === 'inject' ? decision.plan.needsToken : undefined;
    };
    const { pod } = admit(podOf({ name }), secretMode);
    const spec = at<JsonObject>(pod, 'spec');
    assert.equal(needsToken({ ...pod, spec: { ...spec, initContainers: [] } }), true);
    assert.equal(
      needsToken({ ...pod, spec: { ...spec, containers: [{ name: 'app', volumeMounts: [mount] }] } }),
      false,
    );
  });

  it('gets our containers anew when its name was changed since', () => {
    const { pod } = admit(podOf({ name }), secretMode);
    const other = { ...pod, metadata: { name: 'web', annotations: { 'autocert.step.sm/name': 'api.default.svc' } } };
    const again = admit(other, secretMode);
    assert.deepEqual(
      again.patch.map(({ op, path }) => `${op} ${path}`),
      [
        'replace /spec/initContainers/0',
        'replace /spec/containers/1',
        'add /metadata/annotations/autocert.step.sm~1status',
      ],
    );
    assert.equal(reasonOf(admit(again.pod, secretMode)), 'already-injected');
  });

  it('is injected in full when only its marker says that it was', () => {
    const { pod } = admit(podOf({ name, status: 'injected' }));
    assert.deepEqual(names(pod, 'initContainers'), ['autocert-bootstrapper', 'autocert-renewer']);
  });
});

describe('containers with a reserved name', () => {
  const env = [{ name: 'COMMON_NAME', value: name }];
  const rows: [what: string, spec: object][] = [
    ['an init container', { initContainers: [{ name: 'autocert-bootstrapper', image: 'busybox' }] }],
    ['one with our variable', { initContainers: [{ name: 'autocert-bootstrapper', image: 'evil/busybox', env }] }],
    ['one with our image', { initContainers: [{ name: 'autocert-bootstrapper', image: 'autocert-bootstrapper' }] }],
    [
      'one with an image that ends like ours',
      { initContainers: [{ name: 'autocert-bootstrapper', image: 'not-autocert-bootstrapper', env }] },
    ],
    ['one without an image', { initContainers: [{ name: 'autocert-bootstrapper', env }] }],
    ['a container', { containers: [{ name: 'app' }, { name: 'autocert-renewer', image: 'busybox' }] }],
    [
      'a bootstrapper among the containers',
      { containers: [{ name: 'app' }, { name: 'autocert-bootstrapper', image: 'x/autocert-bootstrapper:1', env }] },
    ],
    [
      'the same twice',
      { initContainers: [1, 2].map(() => ({ name: 'autocert-renewer', image: 'autocert-renewer', env })) },
    ],
  ];
  for (const [what, spec] of rows) {
    it(`are refused: ${what}, whatever the marker says`, () => {
      const { code, status, text } = denial(admit(podOf({ name, status: 'injected' }, spec)));
      assert.deepEqual([code, status], ['ERR_CONTAINER_RESERVED', 422]);
      assert.match(text, /container "autocert-(bootstrapper|renewer)".*another name/);
    });
  }
});

describe('volumes and mounts of the pod’s own', () => {
  it('keep a name that ours would have had; the mounts of ours go along', () => {
    const spec = {
      containers: [{ name: 'app', volumeMounts: [{ name: 'certs', mountPath: '/etc/certs' }] }],
      volumes: [
        { name: 'certs', emptyDir: {} },
        { name: 'autocert-certs', emptyDir: {} },
        { name: 'autocert-token', emptyDir: {} },
      ],
    };
    const { pod } = admit(podOf({ name }, spec));
    const volumes = at<{ name: string }[]>(pod, 'spec.volumes')?.map((volume) => volume.name);
    assert.deepEqual(volumes, ['certs', 'autocert-certs', 'autocert-token', 'autocert-certs-2', 'autocert-token-2']);
    assert.deepEqual(
      at<{ name: string }[]>(pod, 'spec.initContainers.0.volumeMounts')?.map((m) => m.name),
      ['autocert-certs-2', 'autocert-token-2'],
    );
    assert.deepEqual(at(pod, 'spec.containers.0.volumeMounts.1'), { ...mount, name: 'autocert-certs-2' });
  });
  it('keep the name of a volume that is mounted and missing', () => {
    const spec = { containers: [{ name: 'app', volumeMounts: [{ name: 'certs', mountPath: '/etc/certs' }] }] };
    assert.equal(at(admit(podOf({ name }, spec)).pod, 'spec.volumes.0.name'), 'autocert-certs');
  });
  it('are taken over where they are what ours would be', () => {
    const spec = {
      containers: [
        { name: 'app', volumeMounts: [{ name: 'mine', mountPath: '/var/run/autocert.step.sm/' }] },
        { name: 'other' },
      ],
      volumes: [{ name: 'mine', emptyDir: {} }],
    };
    const result = admit(podOf({ name }, spec), secretMode);
    assert.equal(at<object[]>(result.pod, 'spec.volumes')?.length, 1);
    assert.deepEqual(at(result.pod, 'spec.containers.1.volumeMounts.0'), { ...mount, name: 'mine' });
    assert.equal(reasonOf(admit(result.pod, secretMode)), 'already-injected');
  });

  const volumes = [
    { name: 'mine', configMap: { name: 'x' } },
    { name: 'certs', emptyDir: {} },
  ];
  const conflicts: [what: string, mounts: object[]][] = [
    ['another volume at the path', [{ name: 'mine', mountPath: '/var/run/autocert.step.sm' }]],
    ['the path spelt otherwise', [{ name: 'mine', mountPath: '/var//run/./autocert.step.sm/' }]],
    ['a mount below it', [{ name: 'mine', mountPath: '/var/run/autocert.step.sm/extra' }]],
    ['a file below it', [{ name: 'mine', mountPath: '/var/run/autocert.step.sm/root.crt', subPath: 'root.crt' }]],
    ['a part of a volume', [{ name: 'certs', mountPath: '/var/run/autocert.step.sm', subPath: 'x' }]],
  ];
  for (const [what, volumeMounts] of conflicts) {
    for (const list of ['containers', 'initContainers']) {
      it(`are refused in ${list}: ${what}`, () => {
        const spec = { volumes, initContainers: [{ name: 'one' }], [list]: [{ name: 'app', volumeMounts }] };
        const pod = podOf({ name }, { containers: [{ name: 'main' }], ...spec });
        const { code, status, text } = denial(admit(pod, secretMode));
        assert.deepEqual([code, status], ['ERR_MOUNT_CONFLICT', 422]);
        assert.match(text, /container "app": volume "(mine|certs)" is mounted at .*; mount it elsewhere/);
      });
    }
  }
  it('may lie beside and above the path', () => {
    const volumeMounts = [
      { name: 'mine', mountPath: '/var/run' },
      { name: 'certs', mountPath: '/var/run/autocert.step.sm.old' },
    ];
    assert.equal(
      admit(podOf({ name }, { volumes, containers: [{ name: 'app', volumeMounts }] })).decision.kind,
      'inject',
    );
  });
});

describe('warnings about how a pod runs', () => {
  const dns = (spec: object, options?: AdmitOptions): string[] =>
    warnings(admit(podOf({ name }, { securityContext: { runAsUser: 1000 }, ...spec }), options));
  const onNode = { hostNetwork: true };
  it('name the DNS policy with which the CA can be found', () => {
    assert.deepEqual(dns(onNode), [
      'this pod may not resolve autocert.step.svc: set dnsPolicy ClusterFirstWithHostNet',
    ]);
    assert.deepEqual(dns({ dnsPolicy: 'Default' }), [
      'this pod may not resolve autocert.step.svc: set dnsPolicy ClusterFirst',
    ]);
    assert.equal(dns({ dnsPolicy: 'None' }).length, 1);
  });
  it('are not there where it can be found', () => {
    assert.deepEqual(dns({ ...onNode, dnsPolicy: 'ClusterFirstWithHostNet' }), []);
    assert.deepEqual(dns({ dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.10'] } }), []);
    const elsewhere = configOf(upstreamConfigText, { caUrl: 'https://ca.example.com' });
    assert.deepEqual(dns(onNode, { config: elsewhere }), []);
    assert.deepEqual(dns(onNode, { config: { ...elsewhere, caUrl: 'https://10.0.0.1:9000' } }), []);
  });
  it('say that a Job does not end beside an ordinary renewer', () => {
    const job = { restartPolicy: 'Never' };
    assert.equal(dns(job).length, 0);
    assert.match(dns(job, { facts: { nativeSidecars: false } })[0] ?? '', /will not complete/);
    const only = admit(
      podOf({ name, 'bootstrapper-only': 'true' }, { ...job, securityContext: { runAsUser: 1 } }),
      secretMode,
    );
    assert.deepEqual(warnings(only), []);
  });
});
