/**
 * Makes or finds the PKI of a release in the objects of its namespace (docs/decisions/chart.md). Does the steps that
 * `next-step.ts` decides; touches the cluster through a port, and nothing else.
 */
import { isAppError } from '../../../lib/errors/index.ts';
import { encryptProvisionerKey, generateProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import type { EpochMs } from '../../../lib/time/index.ts';
import type { Layout } from '../files.ts';
import { createPki } from '../pki.ts';
import { buildCaJson, buildDefaults } from '../templates.ts';
import { neverSettled, objectMissing } from './errors.ts';
import { type CaJson, type Data, decideNextStep, type NextStep, type PartName, type Parts } from './next-step.ts';

/** A ConfigMap or Secret as it was read. */
export type PkiObject = { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly data: Data };

/** The objects of one namespace. */
export interface PkiObjects<Found extends PkiObject = PkiObject> {
  read(kind: PkiObject['kind'], name: string): Promise<Found | undefined>;
  /** Sets keys of an object that was read. @throws {AppError} of kind conflict when it has changed since */
  set(object: Found, changes: Data): Promise<void>;
}

export type PkiRequest = {
  /** Of the objects' names: `<prefix>-config`, `<prefix>-certs`, … */
  readonly prefix: string;
  /** Name of the authority, in its certificates. */
  readonly name: string;
  readonly dnsNames: readonly string[];
  readonly address: string;
  readonly caUrl: string;
  readonly provisioner: string;
  readonly webhookProvisioner: string | undefined;
  readonly database: boolean;
  /** Where the server will find the files. */
  readonly layout: Layout;
};

export type PkiDeps<Found extends PkiObject> = {
  readonly objects: PkiObjects<Found>;
  readonly now: () => EpochMs;
  /** 32 characters that nobody can guess. */
  readonly makePassword: () => string;
  /** Called with each change, in words. */
  readonly onChange: (what: string) => void;
};

const kinds: Readonly<Record<PartName, PkiObject['kind']>> = {
  config: 'ConfigMap',
  certs: 'ConfigMap',
  secrets: 'Secret',
  'ca-password': 'Secret',
  'provisioner-password': 'Secret',
  'webhook-password': 'Secret',
};

/** Ten steps make a PKI; others that write at the same time cost a round each. */
const maxRounds = 50;

/**
 * @returns the parts of a complete PKI
 * @throws {AppError} ERR_CA_PKI_OBJECT, ERR_CA_PKI_INCOMPLETE, ERR_CA_PKI_BUSY, ERR_CA_CONFIG_JSON, and what the port throws
 */
export async function establishPki<Found extends PkiObject>(request: PkiRequest, deps: PkiDeps<Found>): Promise<Parts> {
  for (let round = 0; round < maxRounds; round++) {
    const objects = await readObjects(request, deps.objects);
    const step = decideNextStep(objects.parts, request.prefix, request.webhookProvisioner);
    if (step.kind === 'done') return objects.parts;
    const { part, changes, what } = await prepareChange(step, objects.parts, request, deps);
    const object = objects.byPart[part];
    if (!object) throw objectMissing(kinds[part], `${request.prefix}-${part}`);
    try {
      await deps.objects.set(object, changes);
      deps.onChange(what);
    } catch (error) {
      if (!isAppError(error) || error.kind !== 'conflict') throw error; // somebody was faster: look again
    }
  }
  throw neverSettled();
}

async function readObjects<Found extends PkiObject>(
  { prefix, webhookProvisioner }: PkiRequest,
  objects: PkiObjects<Found>,
): Promise<{ parts: Parts; byPart: Partial<Record<PartName, Found>> }> {
  const byPart: Partial<Record<PartName, Found>> = {};
  const read = async (part: PartName): Promise<Data> => {
    const found = await objects.read(kinds[part], `${prefix}-${part}`);
    if (!found) throw objectMissing(kinds[part], `${prefix}-${part}`);
    byPart[part] = found;
    return found.data;
  };
  const parts: Parts = {
    config: await read('config'),
    certs: await read('certs'),
    secrets: await read('secrets'),
    'ca-password': await read('ca-password'),
    'provisioner-password': await read('provisioner-password'),
    'webhook-password': webhookProvisioner === undefined ? undefined : await read('webhook-password'),
    upstreamKeys: (await objects.read('ConfigMap', `${prefix}-secrets`))?.data,
  };
  return { parts, byPart };
}

type Change = { readonly part: PartName; readonly changes: Data; readonly what: string };

async function prepareChange<Found extends PkiObject>(
  step: Exclude<NextStep, { kind: 'done' }>,
  parts: Parts,
  request: PkiRequest,
  deps: PkiDeps<Found>,
): Promise<Change> {
  switch (step.kind) {
    case 'make-password':
      return { part: step.part, changes: { password: deps.makePassword() }, what: `made ${step.part}` };
    case 'make-pki':
      return { part: 'secrets', changes: await makePki(parts, request, deps.now()), what: 'made the PKI' };
    case 'fill':
      return { part: step.part, changes: step.data, what: `published ${Object.keys(step.data).join(', ')}` };
    case 'add-provisioner':
      return {
        part: 'config',
        changes: { 'ca.json': await addProvisioner(step.caJson, parts, request.webhookProvisioner ?? '') },
        what: `added provisioner ${request.webhookProvisioner}`,
      };
  }
}

async function makePki(parts: Parts, request: PkiRequest, now: EpochMs): Promise<Data> {
  const { layout, caUrl } = request;
  const pki = await createPki({
    name: request.name,
    password: passwordOf(parts, 'ca-password'),
    imported: undefined,
    now,
  });
  const provisionerPassword = passwordOf(parts, 'provisioner-password');
  const caJson = await buildCaJson({ ...request, acme: false, provisionerPassword });
  return {
    ...(pki.rootKeyPem === undefined ? {} : { root_ca_key: pki.rootKeyPem }),
    intermediate_ca_key: pki.intermediateKeyPem,
    'root_ca.crt': pki.rootPem,
    'intermediate_ca.crt': pki.intermediatePem,
    'ca.json': JSON.stringify(caJson, null, '\t'),
    'defaults.json': JSON.stringify(buildDefaults(layout, pki.rootFingerprint, caUrl), null, '\t'),
  };
}

async function addProvisioner(caJson: CaJson, parts: Parts, name: string): Promise<string> {
  const key = await generateProvisionerKey();
  const encryptedKey = await encryptProvisionerKey(key, passwordOf(parts, 'webhook-password'));
  const provisioners = [
    ...(caJson.authority?.provisioners ?? []),
    { type: 'JWK', name, key: key.publicJwk, encryptedKey },
  ];
  return JSON.stringify({ ...caJson, authority: { ...caJson.authority, provisioners } }, null, '\t');
}

/** Without what an editor left at its end, as everywhere where a password comes from a file. */
export const passwordOf = (parts: Parts, part: 'ca-password' | 'provisioner-password' | 'webhook-password'): string =>
  (parts[part]?.password ?? '').trimEnd();
