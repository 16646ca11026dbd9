/**
 * The same reviews that upstream's controller answered (test/golden/autocert-webhook), in token mode `secret` and without
 * native sidecars: our patches are upstream's but for what docs/divergences/autocert.md lists. What differs is put back
 * here, step by step, and the rest has to be equal, to the order of the operations.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { admitBody, applyPatch, at, configOf, upstreamConfigText } from '../../test/fixtures/admission.ts';
import type { JsonObject, PatchOperation } from './index.ts';

type Operation = { op: string; path: string; value?: unknown };
type Exchange = {
  name: string;
  review: JsonObject;
  upstreamResponse?: JsonObject;
  upstreamPatch?: Operation[];
};

const golden = join(import.meta.dirname, '../../test/golden/autocert-webhook/upstream.json');
const { exchanges } = JSON.parse(readFileSync(golden, 'utf8')) as { exchanges: Exchange[] };
const config = configOf(upstreamConfigText);

const exchange = (name: string): Exchange => {
  const found = exchanges.find((candidate) => candidate.name === name);
  assert.ok(found, name);
  return found;
};

/** Name of the Secret in a recorded patch. */
const secretIn = (patch: readonly Operation[]): string =>
  /"secretKeyRef":\{"name":"([^"]+)"/.exec(JSON.stringify(patch))?.[1] ?? '';

const admitAsUpstream = (one: Exchange): ReturnType<typeof admitBody> =>
  admitBody(one.review, { config, facts: { nativeSidecars: false }, secretName: secretIn(one.upstreamPatch ?? []) });

/** A container of ours without what upstream's lacks (divergences 1 and 2). */
function withoutAdditions(container: JsonObject): JsonObject {
  const { securityContext, env, ...rest } = container as { securityContext?: JsonObject; env?: { name: string }[] };
  assert.ok(securityContext);
  const ownVariables = new Set(['OWNER', 'MODE', 'DURATION', 'STEP_NOT_AFTER']);
  const bootstraps = env?.some(({ name }) => name === 'STEP_TOKEN');
  return {
    ...rest,
    env: env?.filter(({ name }) => !name.startsWith('AUTOCERT_') && (bootstraps || !ownVariables.has(name))) ?? [],
  } as JsonObject;
}

const isContainer = (value: unknown): value is JsonObject => at(value, 'image') !== undefined;

function likeUpstream(patch: readonly PatchOperation[]): Operation[] {
  const strip = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(strip) : isContainer(value) ? withoutAdditions(value) : value;
  return patch.map((operation) => ({ ...operation, value: strip(operation.value) }));
}

describe('patches that upstream made too', () => {
  for (const name of ['plain-pod-v1beta1', 'bootstrapper-only', 'no-volumes-two-containers', 'dry-run']) {
    it(`are upstream's for ${name}`, () => {
      const one = exchange(name);
      assert.deepEqual(likeUpstream(admitAsUpstream(one).patch), one.upstreamPatch);
    });
  }

  it("have upstream's result for init-first, with an insertion in place of remove and add (divergence 3)", () => {
    const one = exchange('init-first');
    const { patch } = admitAsUpstream(one);
    const [remove, , ...others] = one.upstreamPatch ?? [];
    assert.equal(remove?.op, 'remove');
    assert.equal(patch[0]?.path, '/spec/initContainers/0');
    assert.deepEqual(likeUpstream(patch.slice(1)), others);
    const pod = at(one.review, 'request.object');
    const theirs = applyPatch(pod, (one.upstreamPatch ?? []) as PatchOperation[]);
    // Re-adding the pod's own containers, upstream gives them what Go marshals for an empty struct.
    const initContainers = at<JsonObject[]>(theirs, 'spec.initContainers')?.map((container) => {
      const { resources, ...rest } = container;
      return at(resources, 'requests') ? container : rest;
    });
    const ours = applyPatch(pod, likeUpstream(patch) as PatchOperation[]);
    assert.deepEqual(ours, { ...theirs, spec: { ...at<object>(theirs, 'spec'), initContainers } });
  });
});

describe('answers that upstream gave too', () => {
  it('allow without a patch what is injected already, and do not take the marker for it (divergence 4)', () => {
    const one = exchange('already-injected');
    assert.equal(at(one.upstreamResponse, 'patch'), undefined);
    const { patch, decision } = admitAsUpstream(one);
    assert.equal(decision.kind, 'inject');
    // The marker stands already; everything else is missing.
    assert.deepEqual(
      patch.map(({ path }) => path),
      ['/spec/initContainers', '/spec/containers/0/volumeMounts/-', '/spec/containers/-', '/spec/volumes/-'],
    );
  });

  it('deny an object that is no pod', () => {
    const one = exchange('object-not-a-pod');
    assert.equal(at(one.upstreamResponse, 'allowed'), false);
    const { response } = admitAsUpstream(one);
    assert.equal(at(response, 'response.allowed'), false);
    assert.equal(at(response, 'response.status.code'), 400);
  });

  it('are of the version of the request (divergence 17)', () => {
    const { response } = admitAsUpstream(exchange('plain-pod-v1beta1'));
    assert.equal(response.apiVersion, 'admission.k8s.io/v1beta1');
    assert.equal(response.kind, 'AdmissionReview');
  });

  it('refuse another kind than AdmissionReview, where upstream drops the connection', () =>
    assert.throws(() => admitAsUpstream(exchange('other-kind')), { code: 'ERR_ADMISSION_REVIEW' }));
});
