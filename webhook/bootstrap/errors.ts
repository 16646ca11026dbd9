/**
 * Why a pod gets no token from POST /v1/bootstrap. The kinds decide the status: what cannot change by waiting is final
 * (401, 403, 404, 422), the rest is tried again by the pod (429, 503).
 */
import { AppError } from '../../lib/errors/index.ts';

export const tokenMissing = (): AppError =>
  new AppError(
    'ERR_BOOTSTRAP_TOKEN_MISSING',
    'unauthenticated',
    'bootstrap: no ServiceAccount token in Authorization',
    {
      hint: 'send "Authorization: Bearer <projected token with the audience autocert.step.sm>"',
    },
  );

export const tokenRefused = (why: string): AppError =>
  new AppError('ERR_BOOTSTRAP_TOKEN_REFUSED', 'unauthenticated', `bootstrap: ServiceAccount token refused: ${why}`, {
    hint: 'the token is projected with the audience autocert.step.sm and belongs to a pod that still exists',
  });

export const tokenWithoutPod = (username: string): AppError =>
  new AppError('ERR_BOOTSTRAP_TOKEN_UNBOUND', 'forbidden', `bootstrap: the token of ${username} names no pod`, {
    hint: 'only a projected token, which the kubelet asks for in the name of one pod, is taken',
  });

export const podMissing = (namespace: string, name: string): AppError =>
  new AppError('ERR_BOOTSTRAP_POD_MISSING', 'not-found', `bootstrap: there is no pod ${namespace}/${name}`);

/** The pod is there, and is not the one that the token was made for, or may no longer start. */
export const podMismatch = (namespace: string, name: string, problem: string): AppError =>
  new AppError('ERR_BOOTSTRAP_POD_MISMATCH', 'forbidden', `bootstrap: pod ${namespace}/${name} ${problem}`);

export const podNotInjected = (namespace: string, name: string, problem: string): AppError =>
  new AppError('ERR_BOOTSTRAP_NOT_INJECTED', 'forbidden', `bootstrap: pod ${namespace}/${name} ${problem}`, {
    hint: 'certificates go to pods that the webhook has injected; create the pod again',
  });

export const requestInvalid = (problem: string, cause?: unknown): AppError =>
  new AppError('ERR_BOOTSTRAP_REQUEST', 'invalid', `bootstrap: ${problem}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'the body is {"csr":"<certificate request in PEM>"}',
  });

export const csrRefused = (problem: string): AppError =>
  new AppError('ERR_BOOTSTRAP_CSR', 'invalid', `bootstrap: csr: ${problem}`);

export const tooManyRequests = (waitMs: number): AppError =>
  new AppError('ERR_BOOTSTRAP_RATE', 'rate-limited', 'bootstrap: this pod asks too often', {
    context: { retryAfterMs: waitMs },
  });

export const busy = (): AppError =>
  new AppError('ERR_BOOTSTRAP_BUSY', 'unavailable', 'bootstrap: too many requests at once', {
    context: { retryAfterMs: 1000 },
  });

/** The API server could not be asked, or refused us: that is between it and us, and the pod may come again. */
export const apiFailed = (cause: AppError): AppError =>
  new AppError('ERR_BOOTSTRAP_API', 'unavailable', 'bootstrap: the Kubernetes API could not be asked', {
    cause,
    context: { retryAfterMs: 2000 },
    hint: 'the log of the webhook says why',
  });
