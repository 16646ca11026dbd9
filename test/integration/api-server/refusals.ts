/** Pods that are refused at admission: what each asks for, and what its author is told. Based on pods/plain.yaml. */

export type Refusal = {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Merged into the pod's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status: 403 | 422;
  /** Names the annotation or the place, and the value. */
  readonly message: RegExp;
};

const key = (name: string): string => `autocert.step.sm/${name}`;

export const refusals: readonly Refusal[] = [
  {
    name: 'a lifetime that is no duration',
    annotations: { [key('duration')]: '1d' },
    status: 422,
    message: /autocert\.step\.sm\/duration.*"1d"/s,
  },
  {
    name: 'a lifetime that is negative',
    annotations: { [key('duration')]: '-5m' },
    status: 422,
    message: /autocert\.step\.sm\/duration.*"-5m"/s,
  },
  {
    name: 'an owner that is a name',
    annotations: { [key('owner')]: 'postgres' },
    status: 422,
    message: /autocert\.step\.sm\/owner.*"postgres"/s,
  },
  {
    name: 'a mode that is not octal',
    annotations: { [key('mode')]: '0999' },
    status: 422,
    message: /autocert\.step\.sm\/mode.*"0999"/s,
  },
  {
    name: 'a name that cannot be in a certificate',
    annotations: { [key('name')]: 'Bad Name!' },
    status: 422,
    message: /autocert\.step\.sm\/name.*"Bad Name!"/s,
  },
  {
    name: 'one bad name among several',
    annotations: { [key('sans')]: 'good.apps.svc.cluster.local,b@d@name' },
    status: 422,
    message: /autocert\.step\.sm\/sans.*b@d@name/s,
  },
  {
    name: 'an unknown write mode',
    annotations: { [key('write-mode')]: 'sideways' },
    status: 422,
    message: /autocert\.step\.sm\/write-mode.*"sideways"/s,
  },
  {
    name: 'a container that is named like ours',
    spec: { initContainers: [{ name: 'autocert-bootstrapper', image: 'mine' }] },
    status: 422,
    message: /autocert-bootstrapper/,
  },
  {
    name: 'a container that has something else where our files go',
    spec: {
      containers: [
        { name: 'app', image: 'app', volumeMounts: [{ name: 'own', mountPath: '/var/run/autocert.step.sm' }] },
      ],
      volumes: [{ name: 'own', emptyDir: {} }],
    },
    status: 422,
    message: /"?app"?.*\/var\/run\/autocert\.step\.sm/s,
  },
];
