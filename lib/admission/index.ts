/**
 * Admission, from the decoded body of a request to the body of its answer. Pure: the webhook answers with it, and the
 * command line explains with it what the webhook will do. The configuration it is made with is read by `config/index.ts`.
 */
export { annotations, readCertificateWish } from './annotations.ts';
export * as contract from './contract.ts';
export { decideInjection } from './decide.ts';
export { hasNativeSidecars } from './native-sidecars.ts';
export { renderPatch } from './patch.ts';
export { quote } from './quote.ts';
export { isInjected } from './recognize.ts';
export { describeDenial, type Outcome, renderResponse, serializeResponse } from './response.ts';
export { parseAdmissionReview } from './review.ts';
export type {
  CertificateWish,
  ClusterFacts,
  Decision,
  InjectionPlan,
  Json,
  JsonObject,
  PatchFacts,
  PatchOperation,
  Review,
  SkipReason,
  TokenSource,
} from './types.ts';
