export {
  Authority,
  type AuthorityParts,
  type AuthoritySettings,
  type Issued,
  type TokenObserver,
} from './authority.ts';
export { parseFirstValue } from './certificate-json/first-value.ts';
export type { CertificateStore, Meter, ProvisionerRecord, WebhookAnswer, WebhookCall, WebhookCaller } from './ports.ts';
export { RevocationLists } from './revocation-lists.ts';
export { parseTimeOrDuration, type TimeOrDuration } from './validity.ts';
