/** What a webhook answers: `{"allow":…,"data":…,"error":{"code","message"}}`. Anything else is a refusal. */
import type { WebhookAnswer } from '../ports.ts';

/** `reason` is in the words of step-ca. */
export type WebhookVerdict =
  | { readonly kind: 'allowed'; readonly data: unknown }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** For the log, in place of the reason. */
      readonly detail?: string;
    };

const refused = (reason: string): WebhookVerdict => ({ kind: 'refused', reason });

export function readAnswer({ status, body }: WebhookAnswer): WebhookVerdict {
  if (status >= 400) return refused(`Webhook server responded with ${status}`);
  const answer = membersOf(parse(body));
  if (answer?.get('allow') === true) return { kind: 'allowed', data: answer.get('data') ?? null };
  if (!answer || ![undefined, null, false].includes(answer.get('allow') as undefined)) {
    return refused('webhook server sent no answer that can be read');
  }
  const error = membersOf(answer.get('error'));
  if (!error) return refused('webhook server did not allow request');
  return refused(`${textOf(error.get('message'))} (${textOf(error.get('code'))})`);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** By name in small letters: Go does not look at the case. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
