/**
 * A provisioner: who may let certificates be issued, by which key, within which claims. Built from its entry in
 * ca.json. One that cannot work here (a kind that is not built yet, an option that is not obeyed) stays in the list
 * with the reason, so that nobody wonders where it went, and refuses its tokens.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describeError } from '../../lib/errors/index.ts';
import { claimsSchema, describeIssue, jwkProvisionerSchema, type ProvisionerJson } from '../config/index.ts';
import { type Claims, resolveClaims } from './claims.ts';
import { type NamePolicy, readNamePolicy } from './name-policy/name-policy.ts';
import { readTemplateOptions, type TemplateOptions, type TemplateSources } from './templates/leaf-template.ts';
import { readWebhook, type Webhook } from './webhooks/webhook.ts';

export type Provisioner = {
  /** How tokens and records name it: for a JWK provisioner `name:kid`. */
  readonly id: string;
  readonly name: string;
  /** step-ca's spelling: JWK, ACME, X5C … */
  readonly type: string;
  /** Undefined when they contradict each other. Renewals of its certificates go by them, whatever its kind. */
  readonly claims: Claims | undefined;
  /** What GET /provisioners shows. */
  readonly listing: Readonly<Record<string, unknown>>;
  /** Compact JWE of the private key, if the CA hands it out. */
  readonly encryptedKey: string | undefined;
  readonly state: ProvisionerState;
};

export type ProvisionerState =
  | {
      readonly kind: 'ready';
      readonly kid: string;
      readonly key: KeyObject;
      readonly algorithms: readonly string[];
      readonly policy: NamePolicy | undefined;
      readonly webhooks: readonly Webhook[];
      readonly templates: TemplateOptions;
    }
  | { readonly kind: 'uninitialized'; readonly reason: string };

/** Kinds of step-ca. An entry of any other kind is left out, as step-ca does. */
const knownTypes = ['JWK', 'OIDC', 'GCP', 'AWS', 'Azure', 'ACME', 'X5C', 'K8sSA', 'SSHPOP', 'SCEP', 'Nebula'];

/** Undefined for an unknown `type`. Never throws: what is wrong becomes the state of the provisioner. */
export function buildProvisioner(
  json: ProvisionerJson,
  inherited: Claims,
  sources: TemplateSources,
): Provisioner | undefined {
  const type = knownTypes.find((known) => known.toLowerCase() === json.type.toLowerCase());
  if (type === undefined) return undefined;
  const name = json.name ?? '';
  const claims = claimsOf(json, inherited, name);
  const built = type === 'JWK' ? buildJwk(json, sources) : buildUnsupported(type, json);
  const problem = name === '' ? 'provisioner name cannot be empty' : typeof claims === 'string' ? claims : undefined;
  const state: ProvisionerState = problem === undefined ? built.state : { kind: 'uninitialized', reason: problem };
  return {
    id: built.id,
    name,
    type,
    claims: typeof claims === 'string' ? undefined : claims,
    listing: {
      ...built.listing,
      ...(state.kind === 'ready' ? {} : { state: 'Uninitialized', stateReason: state.reason }),
    },
    encryptedKey: built.encryptedKey,
    state,
  };
}

type Built = Pick<Provisioner, 'id' | 'listing' | 'encryptedKey' | 'state'>;

function claimsOf(json: ProvisionerJson, inherited: Claims, name: string): Claims | string {
  const parsed = claimsSchema.safeParse(json.claims ?? {});
  if (!parsed.success) {
    const { field, problem } = describeIssue(parsed.error);
    return `claims.${field} ${problem}`;
  }
  try {
    return resolveClaims(parsed.data, inherited, `provisioner ${name}`);
  } catch (error) {
    return describeError(error);
  }
}

function buildJwk(json: ProvisionerJson, sources: TemplateSources): Built {
  const { name, key, encryptedKey, claims, options } = json;
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? String(key.kid) : '';
  const shown = {
    type: 'JWK',
    name,
    key: publicMembers(key),
    encryptedKey: encryptedKey || undefined,
    claims: claims ?? undefined,
    options: publicOptions(options),
  };
  return {
    id: `${name ?? ''}:${kid}`,
    listing: Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined)),
    encryptedKey: typeof encryptedKey === 'string' && encryptedKey !== '' ? encryptedKey : undefined,
    state: jwkState(json, kid, sources),
  };
}

function jwkState(json: ProvisionerJson, kid: string, sources: TemplateSources): ProvisionerState {
  const parsed = jwkProvisionerSchema.safeParse(json);
  if (!parsed.success) {
    const { field, problem } = describeIssue(parsed.error);
    return { kind: 'uninitialized', reason: `${field} ${problem}` };
  }
  const policy = policyOf(parsed.data);
  if (typeof policy === 'string') return { kind: 'uninitialized', reason: policy };
  const webhooks = (parsed.data.options?.webhooks ?? []).map((webhook) => readWebhook(webhook, sources.language));
  const problem = webhooks.find((webhook) => typeof webhook === 'string');
  if (problem !== undefined) return { kind: 'uninitialized', reason: problem };
  try {
    const key = createPublicKey({ key: publicMembers(parsed.data.key) as JsonWebKey, format: 'jwk' });
    const algorithms = algorithmsOf(key);
    if (algorithms.length === 0) return { kind: 'uninitialized', reason: 'key signs no tokens' };
    return {
      kind: 'ready',
      kid,
      key,
      algorithms,
      policy,
      templates: readTemplateOptions(parsed.data.options?.x509, sources),
      webhooks: webhooks.filter((webhook) => typeof webhook !== 'string'),
    };
  } catch {
    return { kind: 'uninitialized', reason: 'key is not a public JWK' }; // the cause could quote key members
  }
}

function policyOf({ policy }: ReturnType<typeof jwkProvisionerSchema.parse>): NamePolicy | string | undefined {
  try {
    return readNamePolicy(policy?.x509, 'policy.x509');
  } catch (error) {
    return describeError(error);
  }
}

/** What a key of this kind may sign with; the header of a token says which of them it is. */
function algorithmsOf(key: KeyObject): string[] {
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
      return [curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? []].flat();
    }
    case 'rsa':
      return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}

/** In step's order, and never a private member that somebody left in the file. */
const publicJwkMembers = ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y', 'n', 'e'];

function publicMembers(key: unknown): Record<string, unknown> | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  const members = key as Readonly<Record<string, unknown>>;
  return Object.fromEntries(publicJwkMembers.filter((name) => name in members).map((name) => [name, members[name]]));
}

const secretWebhookMembers = ['secret', 'bearerToken', 'basicAuth'];

function publicOptions(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined;
  const { webhooks, ...rest } = options as { webhooks?: unknown };
  if (!Array.isArray(webhooks)) return rest;
  return { ...rest, webhooks: webhooks.map((webhook: unknown) => without(webhook, secretWebhookMembers)) };
}

function without(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** Members that step-ca shows as redacted. */
const redacted = '*** REDACTED ***';
const secretScepMembers = [
  'challenge',
  'decrypterCertificate',
  'decrypterKeyPEM',
  'decrypterKey',
  'decrypterKeyPassword',
];

function buildUnsupported(type: string, json: ProvisionerJson): Built {
  const shown: Record<string, unknown> = { ...json, options: publicOptions(json.options), type };
  if (shown.options === undefined) delete shown.options;
  if (type === 'SCEP') for (const member of secretScepMembers) if (member in shown) shown[member] = redacted;
  return {
    id: tokenIdOf(type, json),
    listing: shown,
    encryptedKey: undefined,
    state: { kind: 'uninitialized', reason: `${type} provisioners are not supported` },
  };
}

/** How tokens of each kind name their provisioner (step-ca's GetIDForToken). */
function tokenIdOf(type: string, json: ProvisionerJson): string {
  const own = type === 'OIDC' ? json.clientID : type === 'Azure' ? json.tenantID : undefined;
  if (typeof own === 'string' && own !== '') return own;
  return type === 'K8sSA' ? 'k8ssa/k8sSA-default' : `${type.toLowerCase()}/${json.name ?? ''}`;
}
