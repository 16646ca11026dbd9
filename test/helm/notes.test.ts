/** What `helm install` tells the user. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderNotes } from '../../tools/manifests/helm.ts';
import { ciValues } from './chart.ts';

describe('the notes', () => {
  it('say what to do next', async () => {
    const notes = await renderNotes();
    for (const text of [
      'kubectl label namespace default autocert.step.sm=enabled',
      'autocert.step.sm/name: my-service.default.svc.cluster.local',
      'https://autocert-step-certificates.step.svc.cluster.local',
      'autocert certificate fingerprint root_ca.crt',
      'kubectl -n step delete pvc database-autocert-step-certificates-0',
    ]) {
      assert.ok(notes.includes(text), text);
    }
    assert.doesNotMatch(notes, /WARNING|%!|<no value>/);
  });
  it('warn of one replica and of an admission that nothing backs', async () => {
    const settings = ['replicaCount=1', 'webhook.failurePolicy=Ignore', 'admissionPolicy.enabled=false'];
    const notes = await renderNotes({ set: settings });
    assert.match(notes, /WARNING: one replica/);
    assert.match(notes, /WARNING: failurePolicy is Ignore/);
  });
  it('name the existing CA and its provisioner', async () =>
    assert.match(
      await renderNotes(ciValues('existing-ca')),
      /https:\/\/ca\.corp\.example:8443, with the provisioner `kubernetes`/,
    ));
});
