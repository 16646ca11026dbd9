/**
 * What a template of a provisioner is executed over, as step-ca lays it out: `.Subject` and `.SANs` as the token asks,
 * `.Token` with all its claims, the members of the provisioner's `templateData`, `.Insecure` (what the client says: the
 * request in `CR`, its templateData in `User`) and `.Webhooks` with what enriching ones answered.
 *
 * Keep: nothing here is shared between requests; templates may change it.
 */
import { GoMap, List, Struct, toByteString, type Value, valueOfJson } from '../../../lib/gotemplate/index.ts';
import { type CertificateRequest, groupSans } from '../../../lib/x509/index.ts';
import { listSansAsJson } from '../certificate-json/certificate.ts';
import { templateDataTooMuch } from '../errors.ts';
import { isTooDeep } from './nesting.ts';
import { showRequestToTemplates, showSubject } from './request-value.ts';

export type TemplateInput = {
  readonly subject: string;
  readonly sans: readonly string[];
  /** Of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** `templateData` of the provisioner. */
  readonly fixed: Readonly<Record<string, unknown>>;
};

const goMap = (entries: readonly (readonly [string, Value])[]): GoMap =>
  new GoMap(new Map(entries), undefined, { type: 'x509util.TemplateData' });

export class TemplateData {
  readonly #input: TemplateInput;
  #root: GoMap | undefined;
  #hasUser = false;

  constructor(input: TemplateInput) {
    this.#input = input;
  }

  /** Made when it is first asked for: most requests have no template. @throws {AppError} ERR_TEMPLATE_DATA (invalid) */
  get root(): GoMap {
    this.#root ??= build(this.#input);
    return this.#root;
  }

  /** `templateData` of the request; what is no object counts as an empty one. @throws {AppError} ERR_TEMPLATE_DATA */
  setUser(user: unknown): void {
    if (user === undefined) return;
    this.#hasUser = true;
    this.#insecure().entries.set('User', valueOfUser(user));
  }

  /** Whether the request has templateData. */
  get hasUser(): boolean {
    return this.#hasUser;
  }

  setRequest(csr: CertificateRequest): void {
    this.#insecure().entries.set('CR', showRequestToTemplates(csr));
  }

  /** @throws {AppError} ERR_TEMPLATE_DATA (invalid) */
  setWebhook(name: string, data: unknown): void {
    const { entries } = this.root;
    const known = entries.get('Webhooks');
    const webhooks = known instanceof GoMap ? known : new GoMap();
    webhooks.entries.set(toByteString(name), valueOfData(data));
    entries.set('Webhooks', webhooks);
  }

  /** Ours, whatever the provisioner's own data has under that name. */
  #insecure(): GoMap {
    const { entries } = this.root;
    const known = entries.get('Insecure');
    if (known instanceof GoMap && known.type === 'x509util.TemplateData') return known;
    const insecure = goMap([]);
    entries.set('Insecure', insecure);
    return insecure;
  }
}

const build = ({ subject, sans, claims, fixed }: TemplateInput): GoMap =>
  goMap([
    ['Subject', showSubject({ commonName: subject })],
    ['SANs', showSans(sans)],
    ['Token', valueOfData(claims)],
    ...Object.entries(fixed).map(([name, value]) => [toByteString(name), valueOfData(value)] as const),
  ]);

/** @throws {AppError} ERR_TEMPLATE_DATA (invalid) */
function valueOfData(json: unknown): Value {
  if (isTooDeep(json)) throw templateDataTooMuch();
  return valueOfJson(json);
}

function valueOfUser(user: unknown): Value {
  if (user === null) return new GoMap(undefined, undefined, { isNil: true });
  return typeof user === 'object' && !Array.isArray(user) ? valueOfData(user) : new GoMap();
}

function showSans(sans: readonly string[]): List {
  const items = listSansAsJson(groupSans(sans)).map(
    ({ type, value }) =>
      new Struct('x509util.SubjectAlternativeName', {
        Type: { value: type, json: 'type' },
        Value: { value: toByteString(value), json: 'value' },
        ASN1Value: {
          value: new List([], 'uint8', { isNil: true, type: 'json.RawMessage' }),
          json: 'asn1Value',
          omitEmpty: true,
        },
      }),
  );
  return new List(items, 'x509util.SubjectAlternativeName');
}
