/** Every error of `autocert local run` and `autocert demo`. What a webhook, CA or pod program says has its own code. */
import { AppError } from '../../lib/errors/index.ts';

/** A manifest that is not YAML, not a Kubernetes object, or lacks what its kind needs. */
export const manifestInvalid = (source: string, problem: string, hint?: string): AppError =>
  new AppError('ERR_LOCAL_MANIFEST', 'invalid', `${source}: ${problem}`, hint === undefined ? {} : { hint });

/** Valid Kubernetes that a laptop without a cluster cannot stand in for. */
export const notSimulated = (source: string, problem: string, hint?: string): AppError =>
  new AppError('ERR_LOCAL_NOT_SIMULATED', 'invalid', `${source}: ${problem}`, {
    hint: hint ?? 'docs/guides/local.md lists what a local run does and does not simulate',
  });

/** No program is known for a container. */
export const noProgram = (source: string, problem: string, hint: string): AppError =>
  new AppError('ERR_LOCAL_PROGRAM', 'not-found', `${source}: ${problem}`, { hint });

/** A Secret, ConfigMap or key that a container or volume refers to. */
export const referenceMissing = (source: string, what: string): AppError =>
  new AppError('ERR_LOCAL_REFERENCE', 'not-found', `${source}: ${what} is in none of the given manifests`, {
    hint: 'give its manifest on the command line too, or mark the reference optional',
  });

/** The webhook said no: its text, as kubectl would show it. */
export const podDenied = (pod: string, code: number, message: string): AppError =>
  new AppError(
    'ERR_LOCAL_POD_DENIED',
    'forbidden',
    `${pod}: admission webhook denied the request (${code}): ${message}`,
  );

/** The webhook answered something that is not an AdmissionReview, or a patch that cannot be applied. */
export const admissionAnswer = (pod: string, problem: string, cause?: unknown): AppError =>
  new AppError('ERR_LOCAL_ADMISSION', 'unavailable', `${pod}: webhook: ${problem}`, { cause });

/** A JSON Patch that RFC 6902 refuses for this document. */
export const patchFailed = (operation: string, problem: string): AppError =>
  new AppError('ERR_JSON_PATCH', 'invalid', `json patch: ${operation}: ${problem}`);

/** The CA or the webhook of the local run did not come up. */
export const serverNotReady = (name: string, problem: string, lastLines: readonly string[]): AppError =>
  new AppError('ERR_LOCAL_START', 'unavailable', [`${name}: ${problem}`, ...lastLines].join('\n  '));

/** The process that holds all others ended by itself. */
export const keeperLost = (problem: string): AppError =>
  new AppError('ERR_LOCAL_KEEPER', 'unavailable', `keeper: ${problem}`, {
    hint: 'the process that watches over the local pods was ended from outside; start again',
  });

/** A pod that ended badly although nothing was refused. */
export const podsFailed = (names: readonly string[]): AppError =>
  new AppError('ERR_LOCAL_POD_FAILED', 'conflict', `${names.join(', ')}: failed`, {
    hint: 'the lines above tell why; a container that fails with exit code 127 was not found',
  });

/** The demo saw a failed request or missed a rotation. */
export const demoFailed = (problem: string): AppError =>
  new AppError('ERR_DEMO_FAILED', 'conflict', `demo: ${problem}`);
