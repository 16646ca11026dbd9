/** One webhook of a provisioner, as `options.webhooks` in ca.json has it. */
import * as z from 'zod';
import { describeError, isAppError } from '../../../lib/errors/index.ts';
import type { Template } from '../../../lib/gotemplate/index.ts';
import type { TemplateLanguage } from '../templates/language.ts';
import type { TemplateData } from '../templates/template-data.ts';

/** Only the first two are for X.509 certificates. */
const kinds = ['ENRICHING', 'AUTHORIZING', 'SCEPCHALLENGE', 'NOTIFYING'] as const;
export type WebhookKind = (typeof kinds)[number];

export type Webhook = {
  readonly id: string;
  readonly name: string;
  /** What its template makes of the data, or why nothing comes of it. */
  urlFor(data: TemplateData): { readonly url: string } | { readonly problem: string };
  readonly kind: WebhookKind;
  /** Whether X.509 certificates are its business. */
  readonly forX509: boolean;
  /** The call goes without the certificate of the CA. */
  readonly disableTlsClientAuth: boolean;
  /** Key of the signature over what is sent; step-ca signs with an empty one when there is none. */
  readonly secret: Buffer;
  /** Value of the Authorization header, if it gets one. */
  readonly authorization: string | undefined;
};

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const schema = z.looseObject({
  id: text,
  name: z.string().min(1),
  url: z.string(),
  kind: z.string(),
  certType: text,
  disableTLSClientAuth: z.boolean().nullish(),
  secret: text,
  bearerToken: text,
  basicAuth: z.looseObject({ username: text, password: text }).nullish(),
});

/** The webhook, or what is wrong with it; never a secret. */
export function readWebhook(json: unknown, language: TemplateLanguage): Webhook | string {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const member = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    return member === '' ? 'webhook is malformed' : `webhook ${member} is required`;
  }
  const { id, name, url, certType, secret, bearerToken, basicAuth, disableTLSClientAuth } = parsed.data;
  const urlProblem = problemOfUrl(url);
  if (urlProblem !== undefined) return urlProblem;
  const kind = kinds.find((known) => known === parsed.data.kind.toUpperCase());
  if (kind === undefined) return 'webhook kind is invalid';
  if (!/^[A-Za-z0-9+/\r\n]*={0,2}$/.test(secret)) return `secret of webhook ${JSON.stringify(name)} is not base64`;
  return {
    id,
    name,
    urlFor: readUrl(url, language),
    kind,
    forX509: ['', 'ALL', 'X509'].includes(certType),
    disableTlsClientAuth: disableTLSClientAuth ?? false,
    secret: Buffer.from(secret, 'base64'),
    authorization: authorizationOf(bearerToken, basicAuth ?? { username: '', password: '' }),
  };
}

function problemOfUrl(text: string): string | undefined {
  // URL passes over line ends
  const url = /\p{Cc}/u.test(text) ? null : URL.parse(text);
  if (!url || url.host === '') return 'webhook url is invalid';
  if (url.protocol !== 'https:') return 'webhook url must use https';
  return url.username === '' && url.password === '' ? undefined : 'webhook url may not contain username or password';
}

/** A template behind the host, which cannot be one: it has no braces. One that cannot be used gives no URL. */
function readUrl(text: string, language: TemplateLanguage): Webhook['urlFor'] {
  if (!text.includes('{{')) return () => ({ url: text });
  let template: Template;
  try {
    template = language.parseUrl(text);
  } catch (error) {
    const problem = describeError(error);
    return () => ({ problem });
  }
  return (data) => {
    try {
      const url = template.execute(data.root);
      const problem = problemOfUrl(url);
      return problem === undefined ? { url } : { problem };
    } catch (error) {
      if (isAppError(error)) return { problem: error.message };
      throw error;
    }
  };
}

function authorizationOf(token: string, { username, password }: { username: string; password: string }) {
  if (token !== '') return `Bearer ${token}`;
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
