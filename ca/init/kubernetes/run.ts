/** `autocert-ca init --kubernetes-prefix`: the process around `establish.ts`, and the files that the server then reads. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../lib/errors/index.ts';
import { connectKubernetes, type DataObject } from '../../../lib/kubernetes/index.ts';
import { systemClock } from '../../../lib/time/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { layoutOf } from '../files.ts';
import { caUrlOf } from '../templates.ts';
import { establishPki, type PkiObjects, passwordOf } from './establish.ts';
import { type Data, notForTheServer, type Parts } from './next-step.ts';

export type KubernetesFlags = {
  readonly kubernetesPrefix: string;
  readonly name?: string;
  readonly dns?: readonly string[];
  readonly address?: string;
  readonly withCaUrl?: string;
  readonly provisioner?: string;
  readonly webhookProvisioner?: string;
  readonly db: boolean;
};

/** @param folder STEPPATH; its files are written anew at every start, from what the objects hold */
export async function initInKubernetes(
  flags: KubernetesFlags,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const namespace = env.NAMESPACE;
  if (!namespace) throw missing('NAMESPACE', 'set it from the field metadata.namespace');
  const [dnsNames, address] = [required(flags, 'dns'), required(flags, 'address')];
  const client = await connectKubernetes({
    userAgent: 'autocert-ca',
    ...(env.KUBECONFIG ? { kubeconfigPath: env.KUBECONFIG } : {}),
  });
  try {
    const objects: PkiObjects<DataObject> = {
      read: (kind, name) => client.readData(kind, namespace, name),
      set: (object, changes) => client.setData(object, changes),
    };
    const request = {
      prefix: flags.kubernetesPrefix,
      name: required(flags, 'name'),
      dnsNames,
      address,
      caUrl: flags.withCaUrl ?? caUrlOf({ dnsNames, address }),
      provisioner: required(flags, 'provisioner'),
      webhookProvisioner: flags.webhookProvisioner,
      database: flags.db,
      layout: layoutOf(folder),
    };
    const parts = await establishPki(request, {
      objects,
      now: () => systemClock.now(),
      makePassword: () => randomBytes(24).toString('base64url'),
      onChange: (what) => process.stdout.write(`✔ ${what}\n`),
    });
    writeFiles(folder, parts);
    const [root] = parseCertificateChainPem(parts.certs['root_ca.crt'] ?? '');
    process.stdout.write(`✔ Root fingerprint: ${root ? fingerprint(root.der) : ''}\n`);
  } finally {
    client.close();
  }
}

function writeFiles(folder: string, parts: Parts): void {
  const server = Object.entries(parts.secrets).filter(([name]) => !notForTheServer.includes(name));
  writeAll(join(folder, 'certs'), parts.certs);
  writeAll(join(folder, 'secrets'), Object.fromEntries(server));
  writeAll(join(folder, 'secrets', 'passwords'), { password: passwordOf(parts, 'ca-password') });
  writeAll(join(folder, 'config'), parts.config);
}

/** Names are those of keys in ConfigMaps and Secrets, which cannot lead out of the folder. */
function writeAll(folder: string, files: Data): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
}

function required<Name extends 'name' | 'dns' | 'address' | 'provisioner'>(
  flags: KubernetesFlags,
  name: Name,
): NonNullable<KubernetesFlags[Name]> {
  const value = flags[name];
  if (value === undefined) throw missing(`--${name}`, 'with --kubernetes-prefix nothing is asked');
  return value;
}

const missing = (what: string, hint: string): AppError =>
  new AppError('ERR_CA_FLAG_MISSING', 'invalid', `${what} is missing`, { hint });
