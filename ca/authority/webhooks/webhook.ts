/** One webhook of a provisioner, as `options.webhooks` in ca.json has it. */
import * as z from 'zod';

/** Only the first two are for X.509 certificates. */
const kinds = ['ENRICHING', 'AUTHORIZING', 'SCEPCHALLENGE', 'NOTIFYING'] as const;
export type WebhookKind = (typeof kinds)[number];

export type Webhook = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
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
export function readWebhook(json: unknown): Webhook | string {
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
    url,
    kind,
    forX509: ['', 'ALL', 'X509'].includes(certType),
    disableTlsClientAuth: disableTLSClientAuth ?? false,
    secret: Buffer.from(secret, 'base64'),
    authorization: authorizationOf(bearerToken, basicAuth ?? { username: '', password: '' }),
  };
}

function problemOfUrl(text: string): string | undefined {
  if (text.includes('{{')) return 'webhook url: templates are not supported';
  const url = URL.parse(text);
  if (!url || url.host === '') return 'webhook url is invalid';
  if (url.protocol !== 'https:') return 'webhook url must use https';
  return url.username === '' && url.password === '' ? undefined : 'webhook url may not contain username or password';
}

function authorizationOf(token: string, { username, password }: { username: string; password: string }) {
  if (token !== '') return `Bearer ${token}`;
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
