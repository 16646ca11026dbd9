/** `autocert local run` with the real CA, the real webhook and the real pod programs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runManifest } from './command.ts';

/** A pod that shows what it got and ends. */
const showing = (script: string, more: { annotations?: string; spec?: string; container?: string } = {}): string => `
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: { app: web }
  annotations: { autocert.step.sm/name: web.default.svc.cluster.local${more.annotations ?? ''} }
spec:
  restartPolicy: Never
  ${more.spec ?? ''}
  containers:
    - name: app
      image: any
      command: [sh, -c, '${script}']
      env: [{ name: CERTS, value: /var/run/autocert.step.sm }]
      ${more.container ?? ''}
`;

describe('autocert local run', () => {
  for (const mode of ['service-account', 'secret']) {
    it(`gives a pod its certificate in token mode ${mode}, and ends with it`, async () => {
      const pod = showing(
        'openssl verify -CAfile $(CERTS)/root.crt -untrusted $(CERTS)/site.crt $(CERTS)/site.crt; ' +
          'openssl x509 -noout -subject -ext subjectAltName -in $(CERTS)/site.crt; ' +
          'openssl pkey -noout -check -in $(CERTS)/site.key',
        { annotations: ', autocert.step.sm/sans: "web.default.svc.cluster.local,web"' },
      );
      const { code, out, err } = await runManifest(pod, '--token-mode', mode);
      assert.equal(code, 0, err);
      assert.match(out, /web\/app \| .*\/site\.crt: OK$/m);
      assert.match(out, /CN = web\.default\.svc\.cluster\.local$/m);
      assert.match(out, /DNS:web\.default\.svc\.cluster\.local, DNS:web$/m);
      assert.match(out, /Key is valid$/m);
    });
  }

  it('gives containers what the kubelet would: Secrets, ConfigMaps, fields, volumes', async () => {
    const pod = showing(
      'cat $(CONF)/a $(TOKENS)/label; echo; echo "$(USER_NAME) $(PASSWORD) $(POD) $$(echo dollar)" "$HOME"',
      {
        spec: `
  serviceAccountName: web
  volumes:
    - { name: conf, configMap: { name: conf } }
    - { name: tokens, projected: { sources: [{ downwardAPI: { items: [{ path: label, fieldRef: { fieldPath: "metadata.labels[\\'app\\']" } }] } }] } }`.replaceAll(
          "\\'",
          "'",
        ),
        container: `
      envFrom: [{ secretRef: { name: login } }]
      volumeMounts: [{ name: conf, mountPath: /etc/conf }, { name: tokens, mountPath: /tokens }]`,
      },
    ).replace(
      'value: /var/run/autocert.step.sm }',
      `value: /var/run/autocert.step.sm }, { name: CONF, value: /etc/conf }, { name: TOKENS, value: /tokens },
             { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }`,
    );
    const objects = `
---
apiVersion: v1
kind: ConfigMap
metadata: { name: conf }
data: { a: "from-configmap " }
---
apiVersion: v1
kind: Secret
metadata: { name: login }
stringData: { USER_NAME: ada }
data: { PASSWORD: c2VjcmV0 }
`;
    const { code, out, err } = await runManifest(pod + objects);
    assert.equal(code, 0, err);
    assert.match(out, /from-configmap web$/m);
    assert.match(out, /ada secret web dollar \/.*\/scratch$/m);
  });

  it('shows why the webhook denies a pod, and starts nothing', async () => {
    const pod = showing('echo started').replace('web.default.svc.cluster.local', 'web.other.svc.cluster.local');
    const { code, out, err } = await runManifest(pod, '--restrict-names');
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(
      err,
      /^error: pod\.yaml: Pod web: admission webhook denied the request \(403\): .*web\.other\.svc\.cluster\.local/m,
    );
  });

  it('completes a Job: the renewer is a native sidecar and ends with it', async () => {
    const pod = showing('exit 0');
    const job = `
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  template:
    metadata:
      annotations: { autocert.step.sm/name: once.default.svc.cluster.local }
    ${pod.slice(pod.indexOf('spec:')).replaceAll('\n', '\n    ')}
`;
    const { code, err } = await runManifest(job);
    assert.equal(code, 0, err);
  });

  it('leaves a pod without annotation as it is', async () => {
    const { code, out, err } = await runManifest(
      showing('ls -d $(CERTS)').replace('autocert.step.sm/name: web.default.svc.cluster.local', 'other: x'),
    );
    assert.equal(code, 1);
    assert.match(out, /\/var\/run\/autocert\.step\.sm/, 'the path stays, there is no such volume');
    assert.match(err, /^error: default\/web: failed$/m);
  });

  it('reports a container that fails', async () => {
    const { code, err } = await runManifest(showing('exit 3'));
    assert.equal(code, 1);
    assert.match(err, /^web\/app: ended with exit code 3$/m);
  });

  const refused = [
    {
      name: 'an image that nothing stands for',
      manifest: showing('x').replace(/command: .*/, ''),
      error: /^error: pod\.yaml: Pod web: container app: image any cannot run without a cluster/m,
      hint: /^hint: .*--image 'any=COMMAND'$/m,
    },
    {
      name: 'a command that is not here',
      manifest: showing('x').replace('[sh,', '[no-such-program,'),
      error: /command no-such-program is not on this machine/,
      hint: /^hint: install it/m,
    },
    {
      name: 'what it does not simulate',
      manifest: showing('x', { spec: 'volumes: [{ name: disk, hostPath: { path: / } }]' }),
      error: /^error: pod\.yaml: Pod web: volume disk: hostPath is not simulated$/m,
      hint: /^hint: use an emptyDir/m,
    },
    {
      name: 'a Secret that no manifest holds',
      manifest: showing('x', { container: 'envFrom: [{ secretRef: { name: login } }]' }),
      error: /Secret login is in none of the given manifests$/m,
      hint: /^hint: give its manifest/m,
    },
  ];
  for (const { name, manifest, error, hint } of refused) {
    it(`refuses ${name}, and says what to do`, async () => {
      const { code, err } = await runManifest(manifest);
      assert.equal(code, 1);
      assert.match(err, error);
      assert.match(err, hint);
    });
  }
});
