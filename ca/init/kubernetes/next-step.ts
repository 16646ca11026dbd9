/**
 * What to do next, from what is there: the pure heart of `init --kubernetes-prefix`. It is asked again after every step, with
 * everything read anew, so a run that was cut short anywhere, or a second one beside it, goes on where things are.
 *
 * The PKI exists from the update of Secret P-secrets that brings its keys and a copy of what is public. Passwords are
 * there before it; everything published after it comes from that copy. Keep: what is there is never overwritten.
 */
import { caJsonUnreadable, pkiIncomplete } from './errors.ts';

/** Data of the objects by the last part of their name. */
export type Parts = {
  readonly config: Data;
  readonly certs: Data;
  readonly secrets: Data;
  readonly 'ca-password': Data;
  readonly 'provisioner-password': Data;
  /** Absent unless the webhook has a provisioner of its own. */
  readonly 'webhook-password': Data | undefined;
  /** Upstream's ConfigMap with the encrypted keys, where there is one. */
  readonly upstreamKeys: Data | undefined;
};

export type Data = Readonly<Record<string, string>>;
export type PartName = Exclude<keyof Parts, 'upstreamKeys'>;
type PasswordPart = 'ca-password' | 'provisioner-password' | 'webhook-password';

export type NextStep =
  | { readonly kind: 'make-password'; readonly part: PasswordPart }
  | { readonly kind: 'make-pki' }
  /** Sets keys that are missing from a part. */
  | { readonly kind: 'fill'; readonly part: 'certs' | 'config' | 'secrets'; readonly data: Data }
  | { readonly kind: 'add-provisioner'; readonly caJson: CaJson }
  | { readonly kind: 'done' };

export type CaJson = {
  readonly authority?: { readonly provisioners?: readonly { readonly type?: string; readonly name?: string }[] };
};

const certificates = ['root_ca.crt', 'intermediate_ca.crt'] as const;
const configuration = ['ca.json', 'defaults.json'] as const;
const keyNames = ['root_ca_key', 'intermediate_ca_key'] as const;

/** Keys of P-secrets that are copies of what is public, or that the server has no use for. */
export const notForTheServer: readonly string[] = [...certificates, ...configuration, 'root_ca_key'];

/**
 * @param prefix             name of the objects without their last part, for messages
 * @param webhookProvisioner name of the provisioner that ca.json shall have for the webhook
 * @throws {AppError} ERR_CA_PKI_INCOMPLETE (conflict), ERR_CA_CONFIG_JSON (invalid)
 */
export function decideNextStep(parts: Parts, prefix: string, webhookProvisioner: string | undefined): NextStep {
  const { secrets, certs, config, upstreamKeys } = parts;
  const found = [
    pick(secrets, [...keyNames, ...certificates, ...configuration]),
    pick(upstreamKeys ?? {}, keyNames),
    pick(certs, certificates),
    pick(config, ['ca.json']),
  ];
  if (found.every((data) => Object.keys(data).length === 0)) {
    const missing = (['ca-password', 'provisioner-password'] as const).find((part) => !hasPassword(parts[part]));
    return missing ? { kind: 'make-password', part: missing } : { kind: 'make-pki' };
  }

  if (!secrets.intermediate_ca_key) {
    if (!upstreamKeys?.intermediate_ca_key) throw incomplete(`Secret ${prefix}-secrets`, 'intermediate_ca_key');
    const missing = keyNames.filter((name) => !secrets[name]);
    return { kind: 'fill', part: 'secrets', data: pick(upstreamKeys, missing) };
  }
  for (const [part, names, wanted] of [
    ['certs', certificates, certificates],
    ['config', configuration, ['ca.json']],
  ] as const) {
    const present = parts[part];
    const copies = pick(
      secrets,
      names.filter((name) => !present[name]),
    );
    const lost = wanted.find((name) => !present[name] && !copies[name]);
    if (lost) throw incomplete(`ConfigMap ${prefix}-${part}`, lost);
    if (Object.keys(copies).length > 0) return { kind: 'fill', part, data: copies };
  }
  if (!hasPassword(parts['ca-password'])) throw incomplete(`Secret ${prefix}-ca-password`, 'password');
  return webhookProvisioner === undefined
    ? requireProvisionerPassword(parts, prefix)
    : stepForWebhook(parts, prefix, webhookProvisioner);
}

/** The webhook uses the first provisioner, so it needs its password. */
function requireProvisionerPassword(parts: Parts, prefix: string): NextStep {
  if (hasPassword(parts['provisioner-password'])) return { kind: 'done' };
  throw incomplete(`Secret ${prefix}-provisioner-password`, 'password');
}

function stepForWebhook(parts: Parts, prefix: string, name: string): NextStep {
  const caJson = parseCaJson(parts.config['ca.json'] ?? '', `ConfigMap ${prefix}-config`);
  const present = caJson.authority?.provisioners?.some((entry) => entry.type === 'JWK' && entry.name === name) ?? false;
  const opened = hasPassword(parts['webhook-password']);
  if (present && opened) return { kind: 'done' };
  if (present) {
    throw pkiIncomplete(
      `Secret ${prefix}-webhook-password`,
      'password',
      `put back the password of provisioner ${name}, or remove the provisioner from ca.json so that it is made anew`,
    );
  }
  return opened ? { kind: 'add-provisioner', caJson } : { kind: 'make-password', part: 'webhook-password' };
}

function parseCaJson(text: string, place: string): CaJson {
  try {
    return JSON.parse(text) as CaJson;
  } catch (cause) {
    throw caJsonUnreadable(place, cause);
  }
}

const incomplete = (place: string, key: string) =>
  pkiIncomplete(place, key, 'put back what was lost from a backup; to begin anew, delete all objects of the PKI');

const hasPassword = (data: Data | undefined): boolean => (data?.password ?? '').trim() !== '';

const pick = (data: Data, names: readonly string[]): Data =>
  Object.fromEntries(names.flatMap((name) => (data[name] ? [[name, data[name]]] : [])));
