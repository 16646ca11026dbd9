/** Values files of the upstream chart: they install unchanged, and their names keep their meaning. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderNotes } from '../../tools/manifests/helm.ts';
import { ciValues, imagesOf, render, webhookConfigOf } from './chart.ts';
import { findObject, listObjects, valueAt } from './objects.ts';

describe('a values file of the upstream chart', () => {
  it('that spells its defaults out makes the same objects as our defaults, but for what it sets otherwise', async () => {
    const upstream = listObjects(await render(ciValues('upstream-defaults')));
    const ours = listObjects(await render());
    // one replica needs no budget; serviceaccount.create is false there
    const without = ['PodDisruptionBudget autocert', 'ServiceAccount autocert-step-certificates'];
    assert.deepEqual(
      upstream,
      ours.filter((name) => !without.includes(name)),
    );
  });
  it('names images that are read as ours, mirrored or not, and its tags are not taken for our releases', async () => {
    const ours = imagesOf(await render());
    assert.deepEqual(ours, {
      controller: 'autocert-controller:0.1.0',
      ca: 'autocert-ca:0.1.0',
      bootstrapper: 'autocert-bootstrapper:0.1.0',
      renewer: 'autocert-renewer:0.1.0',
    });
    assert.deepEqual(imagesOf(await render(ciValues('upstream-defaults'))), ours);
    assert.deepEqual(imagesOf(await render(ciValues('upstream-user'))), ours);
  });
  it('keeps its injected images in token mode secret, where they serve', async () => {
    const images = imagesOf(await render(ciValues('secret-mode')));
    assert.equal(images.bootstrapper, 'cr.step.sm/smallstep/autocert-bootstrapper:0.20.5');
    assert.equal(images.renewer, 'cr.step.sm/smallstep/autocert-renewer:0.20.5');
    assert.equal(images.controller, 'autocert-controller:0.1.0');
  });
  it('has its effect where it has one here', async () => {
    const objects = await render(ciValues('upstream-user'));
    const config = webhookConfigOf(objects);
    assert.equal(config.certLifetime, '8h30m');
    assert.equal(config.clusterDomain, 'corp.example');
    assert.equal(config.restrictCertificatesToNamespace, true);
    assert.equal(config.caUrl, 'https://autocert-step-certificates.step.svc.corp.example');
    const deployment = findObject(objects, 'Deployment', 'autocert');
    assert.equal(valueAt(deployment, 'spec.replicas'), 3);
    assert.deepEqual(valueAt(deployment, 'spec.template.spec.nodeSelector'), { 'node-role.kubernetes.io/infra': '' });
    const ca = findObject(objects, 'StatefulSet', 'autocert-step-certificates');
    const init = valueAt<string[]>(ca, 'spec.template.spec.initContainers.0.args');
    assert.ok(init.includes('--name=Example Corp'));
    assert.ok(init.includes('--dns=ca.corp.example,autocert-step-certificates.step.svc.corp.example,127.0.0.1'));
    assert.equal(valueAt(ca, 'spec.volumeClaimTemplates.0.spec.storageClassName'), 'fast');
    assert.equal(valueAt(findObject(objects, 'Service', 'autocert-step-certificates'), 'spec.type'), 'LoadBalancer');
    const notes = await renderNotes(ciValues('upstream-user'));
    assert.match(notes, /closterDomain \(corp\.example\) has no effect/);
    assert.match(notes, /autocert\.resources\.limits\.memory is 128Mi/);
  });
});
