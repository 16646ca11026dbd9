import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import fastJsonPatch from 'fast-json-patch';
import { AppError } from '../lib/errors/index.ts';
import { silentLogger } from '../lib/log/index.ts';
import { FakeClock } from '../lib/time/fake-clock.ts';
import { ensureCaBundle, keepCaBundle, planCaBundlePatch } from './ca-bundle.ts';
import type { WebhookConfigurationStore } from './ports.ts';
import { Readiness } from './readiness.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function configuration(...bundles: (string | undefined)[]): V1MutatingWebhookConfiguration {
  return {
    webhooks: bundles.map((caBundle, index) => ({
      name: `hook-${index}.autocert.step.sm`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { url: 'https://autocert.step.svc/mutate', ...(caBundle === undefined ? {} : { caBundle }) },
    })),
  };
}

const bundlesOf = (given: V1MutatingWebhookConfiguration): (string | undefined)[] =>
  (given.webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle);

/** One configuration in memory, patched as the API server does. `interfere` runs before a patch is applied. */
function memoryStore(given: V1MutatingWebhookConfiguration | undefined, interfere = (): void => {}) {
  let current = given;
  let patches = 0;
  const store: WebhookConfigurationStore = {
    readWebhookConfiguration: async () => structuredClone(current),
    async patchWebhookConfiguration(_, patch) {
      patches += 1;
      interfere();
      try {
        current = fastJsonPatch.applyPatch(structuredClone(current), structuredClone([...patch])).newDocument;
      } catch {
        throw new AppError('ERR_KUBERNETES_REFUSED', 'invalid', 'the test operation failed');
      }
    },
  };
  return {
    store,
    set: (next: V1MutatingWebhookConfiguration | undefined): void => {
      current = next;
    },
    bundles: () => bundlesOf(current ?? {}),
    patches: () => patches,
  };
}

describe('planCaBundlePatch', () => {
  it('changes nothing when every webhook has the bundle', () =>
    assert.deepEqual(planCaBundlePatch(configuration(base64('roots'), base64('roots')), 'roots'), []));

  it('changes the webhooks that have another or none, provided they are what was read', () =>
    assert.deepEqual(planCaBundlePatch(configuration(base64('roots'), base64('old'), undefined, ''), 'roots'), [
      { op: 'test', path: '/webhooks/1/name', value: 'hook-1.autocert.step.sm' },
      { op: 'test', path: '/webhooks/1/clientConfig/caBundle', value: base64('old') },
      { op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: base64('roots') },
      { op: 'test', path: '/webhooks/2/name', value: 'hook-2.autocert.step.sm' },
      { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: base64('roots') },
      { op: 'test', path: '/webhooks/3/name', value: 'hook-3.autocert.step.sm' },
      { op: 'add', path: '/webhooks/3/clientConfig/caBundle', value: base64('roots') },
    ]));
});

describe('ensureCaBundle', () => {
  it('fills in what is missing, once', async () => {
    const { store, bundles, patches } = memoryStore(configuration(undefined, base64('old')));
    assert.equal(await ensureCaBundle(store, 'autocert', 'roots'), true);
    assert.deepEqual(bundles(), [base64('roots'), base64('roots')]);
    assert.equal(await ensureCaBundle(store, 'autocert', 'roots'), false);
    assert.equal(patches(), 1);
  });

  it('reads again when another replica was faster', async () => {
    const memory = memoryStore(configuration(base64('old')), () => {
      if (memory.patches() === 1) memory.set(configuration(base64('other'), undefined));
    });
    await ensureCaBundle(memory.store, 'autocert', 'roots');
    assert.deepEqual(memory.bundles(), [base64('roots'), base64('roots')]);
  });

  it('gives up when somebody is always faster', async () => {
    let round = 0;
    const memory = memoryStore(configuration(base64('old')), () =>
      memory.set(configuration(base64(`other ${round++}`))),
    );
    await assert.rejects(ensureCaBundle(memory.store, 'autocert', 'roots'), { code: 'ERR_KUBERNETES_REFUSED' });
    assert.equal(memory.patches(), 6);
  });

  it('says that there is no configuration of that name', () =>
    assert.rejects(ensureCaBundle(memoryStore(undefined).store, 'autocert', 'roots'), {
      code: 'ERR_WEBHOOK_CONFIGURATION_MISSING',
      message: /"autocert"/,
    }));
});

describe('keepCaBundle', () => {
  it('waits for roots, follows new ones at once, repairs what others change, and reports', async () => {
    const clock = new FakeClock();
    const memory = memoryStore(configuration(undefined));
    const readiness = new Readiness(['caBundle']);
    let current: string | undefined;
    let change = new AbortController();
    const roots = { current: () => current, changed: () => change.signal };
    const setRoots = (pem: string): void => {
      current = pem;
      change.abort();
      change = new AbortController();
    };
    const abort = new AbortController();
    const deps = { clock, random: () => 0.5, log: silentLogger, readiness };
    const running = keepCaBundle(memory.store, 'autocert', roots, deps, abort.signal);

    await clock.advance(0);
    assert.deepEqual([memory.bundles(), readiness.report().ready], [[undefined], false]);
    setRoots('first');
    await clock.advance(0);
    assert.deepEqual([memory.bundles(), readiness.report().ready], [[base64('first')], true]);
    memory.set(configuration(base64('helm upgrade')));
    await clock.advance(60_000);
    assert.deepEqual(memory.bundles(), [base64('first')]);
    setRoots('second');
    await clock.advance(0);
    assert.deepEqual(memory.bundles(), [base64('second')]);
    memory.set(undefined);
    await clock.advance(60_000);
    assert.match(readiness.report().why ?? '', /caBundle: .*"autocert"/);
    memory.set(configuration(''));
    await clock.advance(60_000);
    assert.deepEqual([memory.bundles(), readiness.report().ready], [[base64('second')], true]);

    abort.abort();
    await running;
    assert.equal(clock.sleeping, 0);
  });
});
