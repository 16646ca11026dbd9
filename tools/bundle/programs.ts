/** What is shipped as one file each, programs and the library for services, and what each may weigh. Data only. */

export type Program = {
  /** Name of the file in dist/ without its suffix, and of the image. */
  readonly name: string;
  readonly entry: string;
  /** Run by people: it gets a line that names its interpreter. */
  readonly command?: true;
  /** For the programs of others: readable, with its types. */
  readonly library?: true;
  /** How the image starts Node; images/Dockerfile says the same, and a test of the images that it does. */
  readonly nodeFlags?: readonly string[];
  /** Lives in other people's pods: nothing from npm, and no larger than this when minified. */
  readonly budgetBytes?: number;
};

/** 120 kB: parsing more shows in the start of every pod and in the memory of every sidecar. */
const podBudgetBytes = 120_000;

/** The roots of the web are not read at the start: a pod trusts one root. */
const podFlags = ['--use-openssl-ca'];

/** Room for what is short-lived: half of what Node takes costs no speed that can be measured, and half the memory. */
const serverFlags = ['--max-semi-space-size=8'];

export const programs: readonly Program[] = [
  { name: 'autocert', entry: 'cli/main.ts', command: true },
  { name: 'autocert-local-keeper', entry: 'cli/local/processes/keeper.ts' },
  { name: 'autocert-local-preload', entry: 'cli/local/network/preload.ts' },
  { name: 'autocert-client', entry: 'lib/ca-client/sdk/index.ts', library: true },
  { name: 'autocert-controller', entry: 'webhook/main.ts', nodeFlags: serverFlags },
  { name: 'autocert-ca', entry: 'ca/main.ts', nodeFlags: serverFlags },
  { name: 'autocert-bootstrapper', entry: 'init-container/main.ts', nodeFlags: podFlags, budgetBytes: podBudgetBytes },
  { name: 'autocert-renewer', entry: 'renewer/main.ts', nodeFlags: podFlags, budgetBytes: podBudgetBytes },
];
