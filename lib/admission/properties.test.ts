/** What holds for every pod: generated pods through decision and patch, the patch applied by a foreign implementation. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Admitted,
  admit,
  at,
  configOf,
  ownConfigText,
  upstreamConfigText,
} from '../../test/fixtures/admission.ts';
import { injectablePods } from '../../test/fixtures/pod-corpus.ts';
import { findRestrictedViolations } from '../../test/fixtures/pod-security.ts';
import type { Json, JsonObject } from './index.ts';

const mountPath = '/var/run/autocert.step.sm';
const ourNames = ['autocert-bootstrapper', 'autocert-renewer'];
const configs = [configOf(ownConfigText), configOf(upstreamConfigText)];

type Container = JsonObject & { name: string; volumeMounts?: JsonObject[] | null };
const listOf = (pod: JsonObject, list: string): Container[] => at<Container[]>(pod, `spec.${list}`) ?? [];
const everyContainer = (pod: JsonObject): Container[] => [
  ...listOf(pod, 'initContainers'),
  ...listOf(pod, 'containers'),
];
const isOurs = ({ name }: Container): boolean => ourNames.includes(name);
const wishOf = (pod: JsonObject, key: string): string =>
  at<Record<string, string>>(pod, 'metadata.annotations')?.[`autocert.step.sm/${key}`] ?? '';

/** Runs `check` on every generated pod, in both token modes, with and without native sidecars. */
function forEveryPod(check: (before: JsonObject, result: Admitted, again: (pod: unknown) => Admitted) => void): void {
  fc.assert(
    fc.property(injectablePods, fc.constantFrom(...configs), fc.boolean(), (pod, config, nativeSidecars) => {
      const options = { config, facts: { nativeSidecars } };
      const result = admit(pod, options);
      assert.equal(result.decision.kind, 'inject', JSON.stringify(result.response));
      check(pod, result, (other) => admit(other, options));
    }),
    { numRuns: 300 },
  );
}

describe('an injected pod', () => {
  it('comes back unchanged, with nothing left to do', () =>
    forEveryPod((_, { pod }, again) => {
      const second = again(pod);
      assert.deepEqual(second.decision, { kind: 'skip', reason: 'already-injected', warnings: [] });
      assert.equal(at(second.response, 'response.patch'), undefined);
    }));

  it('has one bootstrapper, one volume, and a renewer unless it wants none', () =>
    forEveryPod((before, { pod }) => {
      const count = (name: string): number => everyContainer(pod).filter((container) => container.name === name).length;
      assert.equal(count('autocert-bootstrapper'), 1);
      assert.equal(count('autocert-renewer'), wishOf(before, 'bootstrapper-only') === 'true' ? 0 : 1);
      const names = (at<JsonObject[]>(pod, 'spec.volumes') ?? []).map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, 'a volume name occurs twice');
    }));

  it('has the mount once in every container, of a volume that is there and that nothing of its own had', () =>
    forEveryPod((before, { pod }) => {
      const volumesBefore = (at<JsonObject[]>(before, 'spec.volumes') ?? []).map(({ name }) => name);
      const volumes = (at<JsonObject[]>(pod, 'spec.volumes') ?? []).map(({ name }) => name);
      for (const container of everyContainer(pod)) {
        const mounts = (container.volumeMounts ?? []).filter((mount) => mount.mountPath === mountPath);
        assert.equal(mounts.length, 1, container.name);
        assert.equal(mounts[0]?.readOnly === true, !isOurs(container));
        assert.ok(volumes.includes(mounts[0]?.name ?? null));
        assert.ok(!volumesBefore.includes(mounts[0]?.name ?? null));
        for (const { name, mountPath: path } of container.volumeMounts ?? []) {
          if (path === '/var/run/secrets/autocert.step.sm')
            assert.ok(isOurs(container) && volumes.includes(name ?? null));
        }
      }
    }));

  it('keeps everything of its own, in its order', () =>
    forEveryPod((before, { pod }) => {
      assert.deepEqual(withoutInjection(pod), withoutInjection(before));
      const metadata = at<JsonObject>(pod, 'metadata');
      const annotations = { ...at<JsonObject>(pod, 'metadata.annotations'), 'autocert.step.sm/status': null };
      const annotationsBefore = { ...at<JsonObject>(before, 'metadata.annotations'), 'autocert.step.sm/status': null };
      assert.deepEqual(annotations, annotationsBefore);
      assert.deepEqual(
        { ...metadata, annotations: null },
        { ...at<JsonObject>(before, 'metadata'), annotations: null },
      );
    }));

  it('is PodSecurity restricted as far as our containers go, unless it wants files that root owns', () =>
    forEveryPod((before, { pod }) => {
      const violations = everyContainer(pod)
        .filter(isOurs)
        .flatMap((container) => findRestrictedViolations(pod, container));
      if (wishOf(before, 'owner').startsWith('0')) assert.ok(violations.length > 0);
      else assert.deepEqual(violations, []);
    }));

  it('starts our containers in the order in which they need each other', () =>
    forEveryPod((before, { pod, decision }) => {
      const inits = listOf(pod, 'initContainers');
      const place = (name: string): number => inits.findIndex((container) => container.name === name);
      const native = decision.kind === 'inject' && decision.plan.nativeSidecar;
      if (native && wishOf(before, 'bootstrapper-only') !== 'true') {
        assert.equal(place('autocert-renewer'), place('autocert-bootstrapper') + 1);
        assert.equal(inits[place('autocert-renewer')]?.restartPolicy, 'Always');
      }
      if (wishOf(before, 'init-first') === 'true') assert.equal(place('autocert-bootstrapper'), 0);
      if (wishOf(before, 'init-first') === 'FALSE') {
        const own = inits.findLastIndex((container) => !isOurs(container));
        assert.ok(place('autocert-bootstrapper') > own);
      }
    }));

  it('lets every container read the key, and no more users than need to', () =>
    forEveryPod((before, { pod, decision }) => {
      if (decision.kind !== 'inject' || wishOf(before, 'mode') !== '') return;
      const ours = everyContainer(pod).find(isOurs);
      const own = everyContainer(before);
      const podContext = at<JsonObject>(before, 'spec.securityContext') ?? {};
      const uidOf = (container: Container | undefined): Json | undefined =>
        at<number>(container, 'securityContext.runAsUser') ?? podContext.runAsUser;
      const writer = uidOf(ours);
      const allAsWriter = own.every((container) => uidOf(container) !== undefined && uidOf(container) === writer);
      if (allAsWriter) assert.equal(decision.plan.keyMode, '0600');
      if (decision.plan.keyMode === '0600') {
        const prepares = listOf(before, 'initContainers').filter((container) => uidOf(container) === 0);
        for (const container of own) {
          assert.ok(uidOf(container) === writer || prepares.some((one) => one.name === container.name), container.name);
        }
      }
      if (decision.plan.keyMode === '0640') assert.equal(typeof podContext.fsGroup, 'number');
    }));
});

describe('a pod that is partly injected', () => {
  it('is completed: whatever of ours is taken away comes back, and nothing else changes', () =>
    fc.assert(
      fc.property(
        injectablePods,
        fc.constantFrom(...configs),
        fc.boolean(),
        fc.nat(),
        fc.constantFrom('container', 'volume', 'mount', 'annotation'),
        (pod, config, nativeSidecars, pick, what) => {
          const options = { config, facts: { nativeSidecars } };
          const whole = admit(pod, options).pod;
          const damaged = takeAway(pod, whole, what, pick);
          const repaired = admit(damaged, options);
          assert.equal(repaired.decision.kind, 'inject');
          assert.deepEqual(sorted(repaired.pod), sorted(whole));
        },
      ),
      { numRuns: 300 },
    ));
});

describe('the answer to any body', () => {
  it('is a denial or a valid answer, whatever stands in place of a part of a pod', () =>
    fc.assert(
      fc.property(injectablePods, fc.jsonValue(), fc.nat(), (pod, value, pick) => {
        const odd = replaceSomewhere(pod, value as Json, pick);
        const { response } = admit(odd);
        assert.equal(at(response, 'response.uid'), '11111111-2222-3333-4444-555555555555');
        assert.equal(typeof at(response, 'response.allowed'), 'boolean');
        for (const warning of at<string[]>(response, 'response.warnings') ?? [])
          assert.ok(Array.from(warning).length <= 120);
      }),
      { numRuns: 1000 },
    ));
});

/** The pod without what was injected, null and empty lists left out. */
function withoutInjection(pod: JsonObject): unknown {
  const mountless = (container: Container): unknown => {
    const { volumeMounts, ...rest } = container;
    const mounts = (volumeMounts ?? []).filter((mount) => mount.mountPath !== mountPath);
    return { ...rest, volumeMounts: mounts };
  };
  const own = (list: string): unknown[] =>
    listOf(pod, list)
      .filter((container) => !isOurs(container))
      .map(mountless);
  const isOwnVolume = (volume: JsonObject): boolean => at(volume, 'emptyDir.medium') === 'own';
  return {
    ...at<JsonObject>(pod, 'spec'),
    containers: own('containers'),
    initContainers: own('initContainers'),
    volumes: (at<JsonObject[]>(pod, 'spec.volumes') ?? []).filter(isOwnVolume),
  };
}

/** `whole` without one of the things that injection gave to `before`. */
function takeAway(before: JsonObject, whole: JsonObject, what: string, pick: number): JsonObject {
  const copy = structuredClone(whole) as {
    spec: Record<string, Container[]>;
    metadata: { annotations: Record<string, string> };
  };
  const { spec, metadata } = copy;
  const ours = everyContainer(whole).filter(isOurs);
  const victim = ours[pick % ours.length]?.name;
  if (what === 'container') {
    for (const list of ['containers', 'initContainers']) {
      if (spec[list]) spec[list] = spec[list].filter(({ name }) => name !== victim);
    }
  } else if (what === 'volume') {
    const had = (at<JsonObject[]>(before, 'spec.volumes') ?? []).map(({ name }) => name);
    const added = (spec.volumes ?? []).filter(({ name }) => !had.includes(name));
    spec.volumes = (spec.volumes ?? []).filter(({ name }) => name !== added[pick % added.length]?.name);
  } else if (what === 'mount') {
    const own = everyContainer(copy as unknown as JsonObject).filter((container) => !isOurs(container));
    const container = own[pick % own.length];
    if (container)
      container.volumeMounts = (container.volumeMounts ?? []).filter((mount) => mount.mountPath !== mountPath);
  } else {
    delete metadata.annotations['autocert.step.sm/status'];
  }
  return copy as unknown as JsonObject;
}

/** Lists whose order has no meaning, in one order; those that were lost with their only item are empty. */
function sorted(pod: JsonObject): unknown {
  const byName = (items: readonly JsonObject[]): JsonObject[] =>
    [...items].sort((a, b) => (JSON.stringify(a.name) < JSON.stringify(b.name) ? -1 : 1));
  const spec = at<JsonObject>(pod, 'spec');
  const apps = listOf(pod, 'containers').map((container) => ({
    ...container,
    volumeMounts: byName(container.volumeMounts ?? []),
  }));
  const inits = listOf(pod, 'initContainers').map((container) => ({
    ...container,
    volumeMounts: byName(container.volumeMounts ?? []),
  }));
  return {
    ...pod,
    spec: {
      ...spec,
      containers: byName(apps),
      initContainers: inits,
      volumes: byName(at<JsonObject[]>(pod, 'spec.volumes') ?? []),
    },
  };
}

/** The pod with `value` in place of one of its parts. */
function replaceSomewhere(pod: JsonObject, value: Json, pick: number): Json {
  const places: string[][] = [];
  const walk = (node: Json, path: string[]): void => {
    places.push(path);
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) walk(child as Json, [...path, key]);
  };
  walk(pod, []);
  const path = places[pick % places.length] ?? [];
  const last = path.at(-1);
  if (last === undefined) return value;
  const copy = structuredClone(pod);
  let parent = copy as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  parent[last] = value;
  return copy;
}
