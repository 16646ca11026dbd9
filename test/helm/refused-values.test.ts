/** Values that the schema or the chart refuses, with a message that names them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { templateChart } from '../../tools/manifests/helm.ts';

describe('values that are refused', () => {
  const rows: { name: string; set: string[]; want: RegExp }[] = [
    { name: 'a misspelt group', set: ['autocrt.logFormat=text'], want: /autocrt/ },
    { name: 'a misspelt value', set: ['autocert.certLifetim=1h'], want: /certLifetim/ },
    { name: 'a lifetime that is no Go duration', set: ['autocert.certLifetime=1d'], want: /certLifetime/ },
    { name: 'an unknown token mode', set: ['autocert.tokenMode=serviceaccount'], want: /tokenMode/ },
    { name: 'another label', set: ['autocert.label=certs'], want: /label/ },
    { name: 'no replica', set: ['replicaCount=0'], want: /replicaCount/ },
    { name: 'a timeout the API server refuses', set: ['webhook.timeoutSeconds=31'], want: /timeoutSeconds/ },
    { name: 'a CA URL without TLS', set: ['ca.url=http://ca.example'], want: /ca\/url|ca\.url/ },
    { name: 'a digest that is none', set: ['renewer.image.digest=sha256:12'], want: /digest/ },
    { name: 'a tag in the repository', set: ['renewer.image.repository=renewer:1'], want: /repository/ },
    { name: 'two replicas of a CA on one file', set: ['step-certificates.replicaCount=2'], want: /replicaCount/ },
    {
      name: 'Deny and Warn at once (the API server refuses it)',
      set: ['admissionPolicy.uninjectedActions={Deny,Warn}'],
      want: /uninjectedActions/,
    },
    {
      name: 'an existing CA without its root',
      set: ['step-certificates.enabled=false', 'ca.provisioner.existingSecret=s'],
      want: /ca\.certs\.root_ca\.crt: no certificate/,
    },
    {
      name: 'an existing CA without a password',
      set: ['step-certificates.enabled=false', 'ca.existingCertsConfigMap=c'],
      want: /ca\.provisioner: no password/,
    },
    {
      name: 'a budget that blocks every drain',
      set: ['podDisruptionBudget.minAvailable=2'],
      want: /minAvailable: 2 of 2 replicas would block every drain/,
    },
    { name: 'one port for both listeners', set: ['service.bootstrapPort=4443'], want: /bootstrapPort: is service/ },
    {
      name: 'a CA that listens elsewhere than its Service looks',
      set: ['step-certificates.ca.address=:8443'],
      want: /ca\.address: :8443 is not service\.targetPort 9000/,
    },
    { name: 'keys in a KMS', set: ['step-certificates.ca.kms.type=cloudkms'], want: /kms\.type: not supported/ },
    { name: 'a shell hook', set: ['step-certificates.ca.bootstrap.postInitHook=ls'], want: /postInitHook: not supp/ },
    { name: 'an SSH CA', set: ['step-certificates.ca.ssh.enabled=true'], want: /ssh\.enabled: not supported/ },
    { name: 'a linked CA', set: ['step-certificates.linkedca.token=x'], want: /linkedca\.token: not supported/ },
    { name: 'a caBundle that is no PEM', set: ['webhook.caBundle=aGVsbG8='], want: /webhook\.caBundle: no PEM/ },
  ];
  for (const { name, set: assignments, want } of rows) {
    for (const helm of ['helm', 'helm3'] as const) {
      it(`${name} (${helm})`, () =>
        assert.rejects(templateChart({ set: assignments, helm }), (error: Error) => want.test(error.message)));
    }
  }
});
