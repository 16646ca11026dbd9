/**
 * Asks the webhooks of a provisioner about a certificate, one after the other, as step-ca does: a POST of JSON with a
 * signature; ten seconds for each, and one more try a second after a failure of the network or of the server.
 *
 * Keep: whatever is not a clear "allow" is a refusal.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../../lib/time/index.ts';
import type { CertificateRequest } from '../../../lib/x509/index.ts';
import { webhookRefused } from '../errors.ts';
import type { WebhookAnswer, WebhookCall, WebhookCaller } from '../ports.ts';
import type { TemplateData } from '../templates/template-data.ts';
import { readAnswer, type WebhookVerdict } from './answer.ts';
import { bodyForAuthorizing, bodyForEnriching, type UnsignedCertificate } from './body.ts';
import type { Webhook, WebhookKind } from './webhook.ts';

const timeLimitMs = 10_000;
const retryAfterMs = 1000;

export type WebhookQuestion = {
  readonly csr: CertificateRequest;
  /** Of the request that is served, for both logs. */
  readonly requestId: string | undefined;
  /** What templates see: that of a URL is executed over it, and what enriching webhooks answer goes into it. */
  readonly data: TemplateData;
};

export class WebhookClient {
  readonly #caller: WebhookCaller;
  readonly #clock: Clock;

  constructor(caller: WebhookCaller, clock: Clock) {
    this.#caller = caller;
    this.#clock = clock;
  }

  /** @throws {AppError} ERR_WEBHOOK (forbidden), with the reason for the client */
  async enrich(webhooks: readonly Webhook[], question: WebhookQuestion): Promise<void> {
    const { csr, data } = question;
    for (const webhook of forX509(webhooks, 'ENRICHING')) {
      const verdict = await this.#ask(webhook, question, () => bodyForEnriching(csr, this.#clock.now()));
      if (verdict.kind === 'refused')
        throw webhookRefused(webhook.name, verdict.detail ?? verdict.reason, verdict.reason);
      data.setWebhook(webhook.name, verdict.data);
    }
  }

  /** @throws {AppError} ERR_WEBHOOK (forbidden); the reason is for the log */
  async authorize(
    webhooks: readonly Webhook[],
    certificate: UnsignedCertificate,
    question: WebhookQuestion,
  ): Promise<void> {
    for (const webhook of forX509(webhooks, 'AUTHORIZING')) {
      const body = (): string => bodyForAuthorizing(certificate, question.csr, this.#clock.now());
      const verdict = await this.#ask(webhook, question, body);
      if (verdict.kind === 'refused')
        throw webhookRefused(webhook.name, verdict.detail ?? verdict.reason, 'error creating certificate');
    }
  }

  async #ask(webhook: Webhook, { requestId, data }: WebhookQuestion, makeBody: () => string): Promise<WebhookVerdict> {
    const target = webhook.urlFor(data);
    if ('problem' in target) {
      return { kind: 'refused', reason: 'webhook url cannot be made', detail: target.problem };
    }
    const body = makeBody();
    const call: WebhookCall = {
      url: target.url,
      body,
      withClientCertificate: !webhook.disableTlsClientAuth,
      headers: {
        ...(requestId === undefined ? {} : { 'X-Request-Id': requestId }),
        'X-Smallstep-Signature': createHmac('sha256', webhook.secret).update(body).digest('hex'),
        'X-Smallstep-Webhook-ID': webhook.id,
        ...(webhook.authorization === undefined ? {} : { Authorization: webhook.authorization }),
      },
    };
    const finished = new AbortController();
    const expired = new AbortController();
    void this.#clock.sleep(timeLimitMs, finished.signal).then(() => expired.abort());
    try {
      const first = await this.#try(call, expired.signal);
      if (!isWorthAnotherTry(first) || expired.signal.aborted) return verdictOf(first, expired.signal);
      await this.#clock.sleep(retryAfterMs, expired.signal);
      return verdictOf(await this.#try(call, expired.signal), expired.signal);
    } finally {
      finished.abort();
    }
  }

  async #try(call: WebhookCall, signal: AbortSignal): Promise<WebhookAnswer | undefined> {
    try {
      return await this.#caller(call, signal);
    } catch {
      return undefined; // what the network said stays here: the client gets to read the reason
    }
  }
}

const forX509 = (webhooks: readonly Webhook[], kind: WebhookKind): readonly Webhook[] =>
  webhooks.filter((webhook) => webhook.kind === kind && webhook.forX509);

const isWorthAnotherTry = (answer: WebhookAnswer | undefined): boolean => answer === undefined || answer.status >= 500;

function verdictOf(answer: WebhookAnswer | undefined, expired: AbortSignal): WebhookVerdict {
  if (answer) return readAnswer(answer);
  const reason = expired.aborted ? 'webhook server did not answer in time' : 'webhook server could not be reached';
  return { kind: 'refused', reason };
}
