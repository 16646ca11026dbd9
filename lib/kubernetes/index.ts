export {
  connectKubernetes,
  type DataObject,
  KubernetesClient,
  type KubernetesOptions,
  type KubernetesVersion,
  type MetadataPage,
  type ObjectMetadata,
  type PatchOperation,
  type TokenReviewResult,
} from './client.ts';
export type { ExecRequest, ExecResult } from './exec.ts';
export { type ApiAnswer, type ApiCall, ApiSession, openSession, type SessionOptions } from './session.ts';
