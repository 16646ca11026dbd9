/** The images of a release and what each holds. Data only. */

export type Image = {
  /** Also the name of the program it runs, in tools/bundle/programs.ts. */
  readonly name: string;
  readonly description: string;
  /** Stage of images/Dockerfile. */
  readonly target: 'program' | 'server' | 'pod-program';
};

export const images: readonly Image[] = [
  {
    name: 'autocert-controller',
    description: 'Admission webhook: mints bootstrap tokens and injects the containers of autocert',
    target: 'server',
  },
  {
    name: 'autocert-bootstrapper',
    description: 'Init container: gets the first certificate of a pod',
    target: 'pod-program',
  },
  {
    name: 'autocert-renewer',
    description: 'Sidecar: keeps the certificate of a pod fresh',
    target: 'pod-program',
  },
  { name: 'autocert-ca', description: 'Certificate authority that speaks the step-ca protocol', target: 'server' },
  {
    name: 'autocert',
    description: 'Command line interface of autocert; the CA has an image of its own',
    target: 'program',
  },
];
