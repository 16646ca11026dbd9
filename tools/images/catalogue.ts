/** The images of a release and what each holds. Data only. */

export type Image = {
  readonly name: string;
  readonly description: string;
  /** Bundles by their name in dist/; the first is what the image runs. */
  readonly programs: readonly [string, ...string[]];
};

const single = (name: string, description: string): Image => ({ name, description, programs: [name] });

export const images: readonly Image[] = [
  single('autocert-controller', 'Admission webhook: mints bootstrap tokens and injects the containers of autocert'),
  single('autocert-bootstrapper', 'Init container: gets the first certificate of a pod'),
  single('autocert-renewer', 'Sidecar: keeps the certificate of a pod fresh'),
  single('autocert-ca', 'Certificate authority that speaks the step-ca protocol'),
  { name: 'autocert', description: 'Command line interface of autocert', programs: ['autocert', 'autocert-ca'] },
];
