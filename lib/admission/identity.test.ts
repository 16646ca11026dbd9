/** As whom the injected containers run, and the mode of the key; seen in the pod that comes out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AdmitOptions,
  admit,
  at,
  configOf,
  ownConfigText,
  podOf,
  upstreamConfigText,
} from '../../test/fixtures/admission.ts';
import { findRestrictedViolations } from '../../test/fixtures/pod-security.ts';
import type { JsonObject } from './index.ts';

const name = 'web.default.svc';
const fitted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const app = (securityContext: object) => ({ name: 'app', securityContext });
const withTemplate = (securityContext: JsonObject): AdmitOptions => {
  const config = configOf(ownConfigText);
  const fill = <T extends JsonObject>(template: T): T => ({ ...template, securityContext });
  return { config: { ...config, bootstrapper: fill(config.bootstrapper), renewer: fill(config.renewer) } };
};

function inject(spec: object, wishes: Record<string, string> = {}, options: AdmitOptions = {}) {
  const result = admit(podOf({ name, ...wishes }, spec), options);
  assert.equal(result.decision.kind, 'inject', JSON.stringify(result.response));
  const [bootstrapper, renewer] = at<JsonObject[]>(result.pod, 'spec.initContainers') ?? [];
  assert.deepEqual(bootstrapper?.securityContext, renewer?.securityContext);
  const env = (bootstrapper?.env ?? []) as readonly { name: string; value?: string }[];
  return {
    context: bootstrapper?.securityContext as JsonObject,
    keyMode: env.find((variable) => variable.name === 'AUTOCERT_KEY_MODE')?.value,
    warnings: at<string[]>(result.response, 'response.warnings') ?? [],
    violations: findRestrictedViolations(result.pod, bootstrapper ?? {}),
  };
}

describe('the injected containers', () => {
  const rows: [what: string, spec: object, wishes: Record<string, string>, runAs: object, keyMode: string][] = [
    ['run as the image says when nothing is known', {}, {}, {}, '0644'],
    ['run as the pod', { securityContext: { runAsUser: 1000 } }, {}, { runAsUser: 1000 }, '0600'],
    [
      'run as the one container',
      { containers: [app({ runAsUser: 1000, runAsGroup: 5 })] },
      {},
      { runAsUser: 1000, runAsGroup: 5 },
      '0600',
    ],
    [
      'run as the container rather than the pod',
      { securityContext: { runAsUser: 1 }, containers: [app({ runAsUser: 2 })] },
      {},
      { runAsUser: 2 },
      '0600',
    ],
    [
      'need no group when the uid is known',
      { securityContext: { runAsUser: 999, fsGroup: 999 } },
      {},
      { runAsUser: 999 },
      '0600',
    ],
    ['use fsGroup when no uid is known', { securityContext: { fsGroup: 2000 } }, {}, {}, '0640'],
    [
      'use fsGroup with several uids',
      {
        securityContext: { fsGroup: 2000 },
        containers: [app({ runAsUser: 1 }), { ...app({ runAsUser: 2 }), name: 'b' }],
      },
      {},
      { runAsUser: 1 },
      '0640',
    ],
    [
      'run as the first app of several',
      { containers: [app({ runAsUser: 1 }), { ...app({ runAsUser: 2 }), name: 'b' }] },
      {},
      { runAsUser: 1 },
      '0644',
    ],
    [
      'run as the pod among several',
      { securityContext: { runAsUser: 3 }, containers: [app({ runAsUser: 1 }), { name: 'b' }] },
      {},
      { runAsUser: 3 },
      '0644',
    ],
    [
      'run as the one that is known among several',
      { containers: [{ name: 'b' }, app({ runAsUser: 1 })] },
      {},
      { runAsUser: 1 },
      '0644',
    ],
    [
      'regard init containers',
      { securityContext: { runAsUser: 1 }, initContainers: [{ name: 'i', securityContext: { runAsUser: 2 } }] },
      {},
      { runAsUser: 1 },
      '0644',
    ],
    [
      'let alone an init container of root, which reads everything',
      { securityContext: { runAsUser: 1 }, initContainers: [{ name: 'i', securityContext: { runAsUser: 0 } }] },
      {},
      { runAsUser: 1 },
      '0600',
    ],
    ['do not run as root with a pod of root', { securityContext: { runAsUser: 0 } }, {}, { runAsUser: 65532 }, '0644'],
    ['do not run as root with a container of root', { containers: [app({ runAsUser: 0 })] }, {}, {}, '0644'],
    [
      'know that root without capabilities reads nothing of others',
      {
        securityContext: { runAsUser: 1 },
        initContainers: [{ name: 'i', securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'] } } }],
      },
      {},
      { runAsUser: 1 },
      '0644',
    ],
    ['run as the owner', {}, { owner: '1000:2000' }, { runAsUser: 1000, runAsGroup: 2000 }, '0644'],
    [
      'run as the owner whom everybody is',
      { securityContext: { runAsUser: 1000 } },
      { owner: '1000' },
      { runAsUser: 1000 },
      '0600',
    ],
    [
      'run as the owner whom fsGroup helps',
      { securityContext: { fsGroup: 7 } },
      { owner: '1000' },
      { runAsUser: 1000 },
      '0640',
    ],
    [
      'know that chown to another group defeats fsGroup',
      { securityContext: { fsGroup: 7 } },
      { owner: '1000:8' },
      { runAsUser: 1000, runAsGroup: 8 },
      '0644',
    ],
  ];
  for (const [what, spec, wishes, runAs, keyMode] of rows) {
    it(what, () => {
      const result = inject(spec, wishes);
      assert.deepEqual(result.context, { ...fitted, ...runAs });
      assert.equal(result.keyMode, keyMode);
      assert.deepEqual(result.violations, []);
      assert.equal(
        result.warnings.some((text) => text.includes('(0644)')),
        keyMode === '0644',
      );
    });
  }

  it('run as root for an owner of root, and say so', () => {
    const { context, warnings } = inject({}, { owner: '0:0' });
    assert.deepEqual(context, { ...fitted, runAsUser: 0, runAsGroup: 0, runAsNonRoot: false });
    assert.match(warnings[0] ?? '', /owner 0 .*restricted/);
  });

  it('leave the mode to the pod that asks for one', () => {
    assert.deepEqual(inject({}, { mode: '0644' }).warnings, []);
    assert.match(inject({}, { mode: '0666' }).warnings[0] ?? '', /lets others than the owner write/);
  });

  it('run as somebody in token mode secret, where the image may be root’s, as upstream’s are', () => {
    const config = configOf(upstreamConfigText, { nativeSidecar: 'always' });
    const image = 'mirror.example.com/own-bootstrapper:1';
    for (const bootstrapper of [config.bootstrapper, { ...config.bootstrapper, image }]) {
      assert.equal(inject({}, {}, { config: { ...config, bootstrapper } }).context.runAsUser, 65532);
    }
  });
});

describe('the security context of the template', () => {
  it('wins, field by field', () => {
    const options = withTemplate({ runAsUser: 5, readOnlyRootFilesystem: false, seLinuxOptions: { level: 's0' } });
    const { context, keyMode } = inject({ securityContext: { runAsUser: 1000 } }, {}, options);
    assert.deepEqual(context, {
      ...fitted,
      runAsUser: 5,
      readOnlyRootFilesystem: false,
      seLinuxOptions: { level: 's0' },
    });
    assert.equal(keyMode, '0644', 'uid 5 writes the key and uid 1000 reads it');
  });
  it('leaves a field out with null, for clusters that assign user ids', () => {
    const { context } = inject(
      { securityContext: { runAsUser: 1000 } },
      {},
      withTemplate({ runAsUser: null, seccompProfile: null }),
    );
    const { seccompProfile, ...rest } = fitted;
    assert.ok(seccompProfile);
    assert.deepEqual(context, rest);
  });
  it('may ask for root', () =>
    assert.deepEqual(inject({}, {}, withTemplate({ runAsUser: 0 })).context, {
      ...fitted,
      runAsUser: 0,
      runAsNonRoot: false,
    }));
  it('gives way to the owner that a pod asks for', () =>
    assert.equal(inject({}, { owner: '1000' }, withTemplate({ runAsUser: 0 })).context.runAsUser, 1000));
  for (const given of [{ privileged: true }, { capabilities: { add: ['CAP_SYS_ADMIN'] } }]) {
    it(`is not made invalid by ours: ${JSON.stringify(given)}`, () =>
      assert.equal(inject({}, {}, withTemplate(given)).context.allowPrivilegeEscalation, undefined));
  }
});
