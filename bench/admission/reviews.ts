/** Reviews as an API server sends them, of a pod that asks for a certificate, padded to a size. */
import { reviewOf } from '../../test/integration/webhook-harness.ts';
import { renderRequest } from '../load/connection.ts';

/** The body is of this size, within some bytes; what fills it is what real pods are full of. */
export function reviewOfSize(bytes: number): string {
  const render = (variables: number): string => reviewOf(podWith(variables));
  let variables = 0;
  while (Buffer.byteLength(render(variables + 1)) <= bytes) variables++;
  return render(variables);
}

export const mutateRequest = (review: string): Buffer => renderRequest('POST', '/mutate?timeout=10s', review);

function podWith(variables: number): unknown {
  const env = Array.from({ length: variables }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `value of ${index}`,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-5d4f8c7b9-',
      namespace: 'default',
      labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9' },
      annotations: { 'autocert.step.sm/name': 'web.default.svc.cluster.local' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f8c7b9', uid: '1', controller: true },
      ],
    },
    spec: {
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      volumes: [{ name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      containers: [
        {
          name: 'web',
          image: 'web:1',
          ports: [{ containerPort: 8443 }],
          env,
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
          volumeMounts: [{ name: 'kube-api-access', mountPath: '/var/run/secrets', readOnly: true }],
        },
      ],
    },
  };
}
