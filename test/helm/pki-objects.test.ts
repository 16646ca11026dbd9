/** The CA's objects, and what stands in their place when the CA is somebody else's. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Rendering, templateChart } from '../../tools/manifests/helm.ts';
import { ciValues, render, renderWith, webhookConfigOf } from './chart.ts';
import { findObject, type KubernetesObject, listObjects, parseObjects, valueAt } from './objects.ts';

describe('the PKI', () => {
  it('is in no rendered chart: objects without data, the same at every rendering', async () => {
    const first = await templateChart();
    assert.equal(await templateChart(), first);
    const objects = parseObjects(first).filter(({ kind }) => kind === 'Secret');
    assert.deepEqual(
      objects.map(({ data, stringData }) => [data, stringData]),
      objects.map(() => [undefined, undefined]),
    );
  });
  it('outlives the release unless told otherwise', async () => {
    const kept = (objects: readonly KubernetesObject[]): string[] =>
      listObjects(objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep'));
    assert.deepEqual(kept(await render()), [
      'ConfigMap autocert-step-certificates-certs',
      'ConfigMap autocert-step-certificates-config',
      'Secret autocert-step-certificates-ca-password',
      'Secret autocert-step-certificates-provisioner-password',
      'Secret autocert-step-certificates-secrets',
      'Secret autocert-step-certificates-webhook-password',
    ]);
    assert.deepEqual(kept(await renderWith('step-certificates.keepOnUninstall=false')), []);
  });
  it('takes given passwords, and what inject brings', async () => {
    const password = (objects: readonly KubernetesObject[], name: string): string =>
      Buffer.from(valueAt<string>(findObject(objects, 'Secret', name), 'data.password'), 'base64').toString();
    const objects = await renderWith(
      'step-certificates.ca.password=one',
      'step-certificates.ca.provisioner.password=two',
    );
    assert.equal(password(objects, 'autocert-step-certificates-ca-password'), 'one');
    assert.equal(password(objects, 'autocert-step-certificates-provisioner-password'), 'two');

    const own = await render(ciValues('own-pki'));
    const file = (kind: string, name: string, key: string): string =>
      valueAt<Record<string, string>>(findObject(own, kind, name), 'data')[key] ?? '';
    assert.equal(JSON.parse(file('ConfigMap', 'ca-config', 'ca.json')).address, ':9000');
    assert.equal(file('ConfigMap', 'ca-config', 'x509_leaf.tpl'), '{"subject": {{ toJson .Subject }}}');
    assert.equal(file('ConfigMap', 'ca-certs', 'root_ca.crt'), 'the root, PEM');
    const key = Buffer.from(file('Secret', 'ca-secrets', 'intermediate_ca_key'), 'base64').toString();
    assert.equal(key, "the intermediate's key, encrypted");
    assert.equal(password(own, 'ca-ca-password'), 'throw-away');
  });

  const provisioners: { name: string; rendering: Rendering; provisioner: string; secret: string }[] = [
    {
      name: 'its own in a CA that starts here',
      rendering: {},
      provisioner: 'autocert',
      secret: 'autocert-step-certificates-webhook-password',
    },
    {
      name: 'the one for people where the values say so, as upstream',
      rendering: { set: ['ca.provisioner.name=admin'] },
      provisioner: 'admin',
      secret: 'autocert-step-certificates-provisioner-password',
    },
    {
      name: 'the one for people in a PKI that was brought along',
      rendering: { set: ['step-certificates.inject.enabled=true'] },
      provisioner: 'admin',
      secret: 'autocert-step-certificates-provisioner-password',
    },
    {
      name: 'the named one of an existing CA',
      rendering: ciValues('existing-ca'),
      provisioner: 'kubernetes',
      secret: 'autocert-step-certificates-webhook-password',
    },
    {
      name: 'admin of an existing CA, with a Secret that exists',
      rendering: ciValues('existing-ca-references'),
      provisioner: 'admin',
      secret: 'ca-provisioner',
    },
  ];
  for (const { name, rendering, provisioner, secret } of provisioners) {
    it(`lets the webhook use ${name}`, async () => {
      const pod = valueAt<{ containers: { env: { name: string; value: string }[] }[]; volumes: { name: string }[] }>(
        findObject(await render(rendering), 'Deployment', 'autocert'),
        'spec.template.spec',
      );
      const variable = pod.containers[0]?.env.find((entry) => entry.name === 'PROVISIONER_NAME');
      assert.equal(variable?.value, provisioner);
      const volume = pod.volumes.find((entry) => entry.name === 'autocert-password');
      assert.equal(valueAt(volume, 'secret.secretName'), secret);
    });
  }
});

describe('an existing CA', () => {
  it('installs nothing of ours', async () => {
    const objects = await render(ciValues('existing-ca'));
    assert.ok(!objects.some(({ kind }) => kind === 'StatefulSet'));
    assert.equal(webhookConfigOf(objects).caUrl, 'https://ca.corp.example:8443');
  });
  it('makes neither Secret nor ConfigMap of certificates where others are named', async () => {
    const objects = await render(ciValues('existing-ca-references'));
    assert.deepEqual(listObjects(objects.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')), [
      'ConfigMap autocert-autocert-config',
      'ConfigMap autocert-step-certificates-config',
    ]);
  });
});
