/**
 * Judges the answers of a CA (step-ca's HTTP API) and of the webhook's bootstrap endpoint. No IO: every rule can be
 * tested with a literal answer. What is read is checked to be usable, so that a wrong answer is never written to disk.
 */
import { parseCertificatePem } from '../encoding/index.ts';
import { bootstrapRefused, type Call, malformedAnswer, refused } from './errors.ts';
import type { HttpAnswer } from './transport.ts';

/** A certificate as signed, renewed or rekeyed. */
export type IssuedCertificate = {
  /** Leaf first, then the intermediates; one PEM certificate each, never empty, never the root. */
  readonly chainPem: readonly string[];
};

/** One element of the provisioner list, as the CA sends it. */
export type ListedProvisioner = Readonly<Record<string, unknown>>;

export type ProvisionerPage = { readonly provisioners: readonly ListedProvisioner[]; readonly nextCursor: string };

export type VersionAnswer = { readonly version: string; readonly requireClientAuthentication: boolean };

/** What the webhook grants a pod that has proved who it is. */
export type BootstrapGrant = {
  /** One-time token, bound to the CSR that was sent. A secret. */
  readonly ott: string;
  readonly caUrl: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly sans: readonly string[];
  /** Go duration; absent means that the CA decides. */
  readonly notAfter: string | undefined;
};

type Body = Readonly<Record<string, unknown>>;

export function processHealth(call: Call, answer: HttpAnswer): { readonly status: string } {
  return { status: text(call, expectSuccess(call, answer), 'status') };
}

export function processVersion(call: Call, answer: HttpAnswer): VersionAnswer {
  const body = expectSuccess(call, answer);
  return {
    version: text(call, body, 'version'),
    requireClientAuthentication: body.requireClientAuthentication === true,
  };
}

/** PEM of the one root of `GET /root/{sha}`. Whether it is the right one is for the caller to compare. */
export function processRoot(call: Call, answer: HttpAnswer): string {
  return onePem(call, expectSuccess(call, answer).ca, 'ca');
}

/** `GET /roots`, `/federation`, `/intermediates`: 201 in a real step-ca, any 2xx here. */
export function processCertificates(call: Call, answer: HttpAnswer): string[] {
  const { crts } = expectSuccess(call, answer);
  if (!Array.isArray(crts)) throw malformedAnswer(call, 'crts is missing');
  return crts.map((crt: unknown, index) => onePem(call, crt, `crts[${index}]`));
}

export function processProvisioners(call: Call, answer: HttpAnswer): ProvisionerPage {
  const { provisioners, nextCursor } = expectSuccess(call, answer);
  const list = provisioners ?? []; // a CA without provisioners sends null
  if (!Array.isArray(list) || !list.every(isRecord)) throw malformedAnswer(call, 'provisioners is not a list');
  return { provisioners: list, nextCursor: typeof nextCursor === 'string' ? nextCursor : '' };
}

export function processEncryptedKey(call: Call, answer: HttpAnswer): string {
  return text(call, expectSuccess(call, answer), 'key');
}

/** Old CAs send `crt` and `ca` only; newer ones `certChain` too, which then holds everything. */
export function processIssued(call: Call, answer: HttpAnswer): IssuedCertificate {
  const { certChain, crt, ca } = expectSuccess(call, answer);
  const chain: unknown[] = Array.isArray(certChain) && certChain.length > 0 ? certChain : [crt, ...(ca ? [ca] : [])];
  return { chainPem: chain.map((pem, index) => onePem(call, pem, `certChain[${index}]`)) };
}

export function processRevoked(call: Call, answer: HttpAnswer): void {
  expectSuccess(call, answer);
}

/** `POST /v1/bootstrap` of the webhook. */
export function processBootstrap(call: Call, answer: HttpAnswer): BootstrapGrant {
  if (answer.status < 200 || answer.status > 299) {
    const said = tryParse(answer.body) ?? {};
    const optional = (name: string): string | undefined => (typeof said[name] === 'string' ? said[name] : undefined);
    throw bootstrapRefused(call, answer.status, {
      code: optional('code'),
      message: optional('message') ?? '',
      hint: optional('hint'),
    });
  }
  const body = expectSuccess(call, answer);
  const { sans, notAfter } = body;
  if (!Array.isArray(sans) || !sans.every((san) => typeof san === 'string')) {
    throw malformedAnswer(call, 'sans is missing');
  }
  return {
    ott: text(call, body, 'ott'),
    caUrl: text(call, body, 'caUrl'),
    fingerprint: text(call, body, 'fingerprint'),
    subject: text(call, body, 'subject'),
    sans,
    notAfter: typeof notAfter === 'string' && notAfter !== '' ? notAfter : undefined,
  };
}

function expectSuccess(call: Call, { status, body, requestId }: HttpAnswer): Body {
  const parsed = tryParse(body);
  if (status >= 200 && status < 300) {
    if (!parsed) throw malformedAnswer(call, 'it is not a JSON object');
    return parsed;
  }
  // Core errors have `message`; ACME-shaped ones, which leak into the core in one place, have `detail`.
  const said = [parsed?.message, parsed?.detail].find((value) => typeof value === 'string' && value !== '');
  throw refused(call, status, typeof said === 'string' ? said : '', requestId);
}

function tryParse(body: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // the caller says what was expected
  }
}

const isRecord = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function text(call: Call, body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw malformedAnswer(call, `${name} is missing`);
  return value;
}

function onePem(call: Call, value: unknown, name: string): string {
  if (typeof value !== 'string') throw malformedAnswer(call, `${name} is missing`);
  try {
    if (parseCertificatePem(value).length === 1) return value.endsWith('\n') ? value : `${value}\n`;
  } catch (error) {
    throw malformedAnswer(call, error);
  }
  throw malformedAnswer(call, `${name} holds more than one certificate`);
}
