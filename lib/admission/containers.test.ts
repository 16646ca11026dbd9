/** The environment contract of the injected containers: custom images rely on names, values and order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AdmitOptions,
  admitBody,
  at,
  configOf,
  fingerprint,
  podOf,
  reviewBody,
  upstreamConfigText,
} from '../../test/fixtures/admission.ts';
import type { JsonObject } from './index.ts';

type Variable = { name: string; value?: string; valueFrom?: JsonObject };

const name = 'web.default.svc';
const secretMode = { config: configOf(upstreamConfigText), facts: { nativeSidecars: false } };

/** As a controller creates it. */
const unnamed = { name: undefined, generateName: 'web-' };

function injected(wishes: Record<string, string>, options: AdmitOptions, metadata: object = {}) {
  const { pod } = admitBody(
    reviewBody(podOf({ name, ...wishes }, {}, metadata), { name: metadata === unnamed ? '' : 'web' }),
    options,
  );
  const all = ['initContainers', 'containers'].flatMap((list) => at<JsonObject[]>(pod, `spec.${list}`) ?? []);
  const find = (role: string): JsonObject => all.find((container) => container.name === `autocert-${role}`) ?? {};
  const env = (container: JsonObject): Variable[] => container.env as unknown as Variable[];
  const [bootstrapper, renewer] = [find('bootstrapper'), find('renewer')];
  return { pod, bootstrapper, renewer, bootstrapperEnv: env(bootstrapper), renewerEnv: env(renewer) };
}

const names = (env: readonly Variable[]): string[] => env.map((variable) => variable.name);
const textOf = (env: readonly Variable[], variable: string): string | undefined =>
  env.find((candidate) => candidate.name === variable)?.value;

describe('in token mode secret', () => {
  it('upstream’s variables come first, in upstream’s order, and ours after them', () => {
    const { bootstrapperEnv, renewerEnv } = injected({}, secretMode);
    assert.deepEqual(names(bootstrapperEnv), [
      ...[
        'COMMON_NAME',
        'DURATION',
        'OWNER',
        'MODE',
        'STEP_TOKEN',
        'STEP_CA_URL',
        'STEP_FINGERPRINT',
        'STEP_NOT_AFTER',
      ],
      ...['POD_NAME', 'NAMESPACE', 'CLUSTER_DOMAIN', 'AUTOCERT_SANS', 'AUTOCERT_KEY_MODE', 'AUTOCERT_WRITE_MODE'],
    ]);
    assert.deepEqual(names(renewerEnv), [
      ...[
        'STEP_CA_URL',
        'COMMON_NAME',
        'POD_NAME',
        'NAMESPACE',
        'CLUSTER_DOMAIN',
        'AUTOCERT_SANS',
        'AUTOCERT_KEY_MODE',
      ],
      ...['AUTOCERT_WRITE_MODE', 'AUTOCERT_RENEW_METHOD', 'OWNER', 'MODE', 'DURATION', 'STEP_NOT_AFTER'],
    ]);
  });

  it('the values are those of annotations and configuration', () => {
    const wishes = {
      sans: 'web.default.svc, 10.0.0.7',
      duration: '1h',
      owner: '1000:5',
      mode: '600',
      'write-mode': 'in-place',
    };
    const { bootstrapperEnv, renewerEnv } = injected(wishes, secretMode);
    const want: [string, string][] = [
      ['COMMON_NAME', name],
      ['DURATION', '1h'],
      ['OWNER', '1000:5'],
      ['MODE', '600'],
      ['STEP_CA_URL', 'https://localhost:9443'],
      ['STEP_NOT_AFTER', '24h'],
      ['POD_NAME', 'web'],
      ['NAMESPACE', 'default'],
      ['CLUSTER_DOMAIN', 'cluster.local'],
      ['AUTOCERT_SANS', 'web.default.svc,10.0.0.7'],
      ['AUTOCERT_KEY_MODE', '0644'],
      ['AUTOCERT_WRITE_MODE', 'in-place'],
    ];
    for (const [variable, value] of want) {
      assert.equal(textOf(bootstrapperEnv, variable), value);
      assert.equal(textOf(renewerEnv, variable), value);
    }
    assert.equal(textOf(bootstrapperEnv, 'STEP_FINGERPRINT'), fingerprint);
    assert.equal(textOf(renewerEnv, 'AUTOCERT_RENEW_METHOD'), 'rekey');
  });

  it('the token comes from the Secret, which may be gone when files are there already', () => {
    const { bootstrapperEnv } = injected({}, { ...secretMode, secretName: 'web-x7k2p' });
    assert.deepEqual(
      bootstrapperEnv.find((variable) => variable.name === 'STEP_TOKEN'),
      {
        name: 'STEP_TOKEN',
        valueFrom: { secretKeyRef: { name: 'web-x7k2p', key: 'token', optional: true } },
      },
    );
  });

  it('an empty value is left out, as Go marshals it', () => {
    const { bootstrapperEnv } = injected(
      {},
      { ...secretMode, config: configOf(upstreamConfigText, { clusterDomain: '' }) },
    );
    assert.deepEqual(
      bootstrapperEnv.find((variable) => variable.name === 'DURATION'),
      { name: 'DURATION' },
    );
    assert.deepEqual(
      bootstrapperEnv.find((variable) => variable.name === 'CLUSTER_DOMAIN'),
      { name: 'CLUSTER_DOMAIN' },
    );
  });

  it('a pod that has no name yet learns it from the kubelet, in place of the prefix', () => {
    const { bootstrapperEnv, renewerEnv } = injected({}, secretMode, unnamed);
    for (const env of [bootstrapperEnv, renewerEnv]) {
      assert.deepEqual(
        env.find((variable) => variable.name === 'POD_NAME'),
        {
          name: 'POD_NAME',
          valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
        },
      );
    }
  });
});

describe('in token mode service-account', () => {
  const { pod, bootstrapper, renewer, bootstrapperEnv, renewerEnv } = injected({}, {});

  it('both containers know where to ask and with what, and there is no token', () => {
    for (const env of [bootstrapperEnv, renewerEnv]) {
      assert.ok(!names(env).includes('STEP_TOKEN'));
      assert.equal(textOf(env, 'AUTOCERT_BOOTSTRAP_URL'), 'https://autocert.step.svc:4444/v1/bootstrap');
      assert.equal(textOf(env, 'AUTOCERT_TOKEN_FILE'), '/var/run/secrets/autocert.step.sm/token');
      assert.equal(textOf(env, 'STEP_FINGERPRINT'), fingerprint);
    }
  });

  it('the ServiceAccount token has our audience, an hour, and a volume that only our containers mount', () => {
    const volumes = at<JsonObject[]>(pod, 'spec.volumes') ?? [];
    assert.deepEqual(volumes[1], {
      name: 'autocert-token',
      projected: {
        sources: [{ serviceAccountToken: { audience: 'autocert.step.sm', expirationSeconds: 3600, path: 'token' } }],
      },
    });
    const mount = { name: 'autocert-token', mountPath: '/var/run/secrets/autocert.step.sm', readOnly: true };
    for (const container of [bootstrapper, renewer])
      assert.deepEqual((container.volumeMounts as JsonObject[])[1], mount);
    assert.equal(at<object[]>(pod, 'spec.containers.0.volumeMounts')?.length, 1);
  });
});

describe('the template', () => {
  it('passes through what the webhook knows nothing of, its variables first', () => {
    const config = configOf(upstreamConfigText);
    const more = {
      env: [{ name: 'HTTP_PROXY', value: 'p' }],
      args: ['--x'],
      lifecycle: { preStop: {} },
      future: [{ a: 1 }],
    };
    const { bootstrapper, bootstrapperEnv } = injected(
      {},
      { ...secretMode, config: { ...config, bootstrapper: { ...config.bootstrapper, ...more } } },
    );
    assert.deepEqual(bootstrapperEnv[0], { name: 'HTTP_PROXY', value: 'p' });
    for (const key of ['args', 'lifecycle', 'future'] as const) assert.deepEqual(bootstrapper[key], more[key]);
    assert.deepEqual(bootstrapper.resources, { requests: { cpu: '10m', memory: '20Mi' } });
  });
});

describe('a value that the kubelet would expand', () => {
  it('is escaped, so that no name can read another variable', () => {
    const { bootstrapperEnv } = injected({ sans: 'https://a.example/$(STEP_TOKEN)' }, secretMode);
    assert.equal(textOf(bootstrapperEnv, 'AUTOCERT_SANS'), 'https://a.example/$$(STEP_TOKEN)');
  });
});

describe('metrics of the renewer', () => {
  const serving = (container: JsonObject, env: readonly Variable[]) => [
    textOf(env, 'AUTOCERT_METRICS_ADDRESS'),
    container.ports,
  ];
  const named = [{ name: 'certs-metrics', containerPort: 9402, protocol: 'TCP' }];
  const everywhere = { config: configOf(upstreamConfigText, { renewerMetricsPort: 9402 }) };

  it('are served nowhere unless asked for, by the bootstrapper never', () => {
    const { renewer, renewerEnv } = injected({}, secretMode);
    assert.deepEqual(serving(renewer, renewerEnv), [undefined, undefined]);
    const asked = injected({ 'metrics-port': '9402' }, secretMode);
    assert.deepEqual(serving(asked.bootstrapper, asked.bootstrapperEnv), [undefined, undefined]);
  });
  it('are served at the port of the annotation, else of the configuration, under a name', () => {
    for (const { renewer, renewerEnv } of [
      injected({ 'metrics-port': '9402' }, secretMode),
      injected({}, everywhere),
    ]) {
      assert.deepEqual(serving(renewer, renewerEnv), [':9402', named]);
    }
    const other = injected({ 'metrics-port': '9999' }, everywhere);
    assert.equal(textOf(other.renewerEnv, 'AUTOCERT_METRICS_ADDRESS'), ':9999');
    const off = injected({ 'metrics-port': '0' }, everywhere);
    assert.deepEqual(serving(off.renewer, off.renewerEnv), [undefined, undefined]);
  });
  it('stand beside ports of the template', () => {
    const renewer = { ...configOf(upstreamConfigText).renewer, ports: [{ containerPort: 1 }] };
    const config = configOf(upstreamConfigText, { renewerMetricsPort: 9402, renewer });
    assert.deepEqual(injected({}, { config }).renewer.ports, [{ containerPort: 1 }, ...named]);
  });
  it('are not served on the node’s network unless the pod asks, since a node has each port once', () => {
    const onNode = (wishes: Record<string, string>): JsonObject => {
      const { pod } = admitBody(reviewBody(podOf({ name, ...wishes }, { hostNetwork: true })), everywhere);
      const all = ['initContainers', 'containers'].flatMap((list) => at<JsonObject[]>(pod, `spec.${list}`) ?? []);
      return all.find((container) => container.name === 'autocert-renewer') ?? {};
    };
    assert.equal(onNode({}).ports, undefined);
    assert.deepEqual(onNode({ 'metrics-port': '9402' }).ports, named);
  });
  it('come with a warning where a container has that port', () => {
    const containers = [{ name: 'app', image: 'app', ports: [{ containerPort: 9402 }] }];
    const { response } = admitBody(reviewBody(podOf({ name, 'metrics-port': '9402' }, { containers })), secretMode);
    assert.match(JSON.stringify(response), /container \\"app\\" has port 9402: the renewer cannot serve/);
  });
  it('change nothing of a pod that is injected already', () => {
    const { pod } = injected({}, everywhere);
    assert.equal(admitBody(reviewBody(pod), everywhere).patch.length, 0);
  });
});
