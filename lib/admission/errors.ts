/** Why a review is no review, and why a pod is refused. Messages name the place and the value, hints the remedy. */
import { AppError } from '../errors/index.ts';
import { certsMountPath } from './contract.ts';
import { quote } from './quote.ts';

export const reviewMalformed = (problem: string): AppError =>
  new AppError('ERR_ADMISSION_REVIEW', 'invalid', `admission review: ${problem}`, {
    hint: 'send an AdmissionReview of admission.k8s.io/v1 or v1beta1 with a request',
  });

export const podMalformed = (path: string, problem: string): AppError =>
  new AppError('ERR_POD_MALFORMED', 'invalid', `pod: ${path}: ${problem}`, {
    hint: 'correct the pod, or its template',
  });

export const containerless = (): AppError =>
  new AppError('ERR_POD_MALFORMED', 'invalid', 'pod: spec.containers: no container beside those of autocert', {
    hint: 'give the pod a container',
  });

export const namespaceMissing = (): AppError =>
  new AppError('ERR_POD_MALFORMED', 'invalid', 'pod: metadata.namespace: missing, and the request names none', {
    hint: 'create the pod in a namespace',
  });

export const annotationInvalid = (annotation: string, value: string, rule: string, remedy: string): AppError =>
  new AppError('ERR_ANNOTATION_INVALID', 'invalid', `annotation ${annotation}: ${quote(value)}: ${rule}`, {
    hint: remedy,
    context: { annotation },
  });

export const containerReserved = (name: string, problem: string): AppError =>
  new AppError('ERR_CONTAINER_RESERVED', 'invalid', `container ${quote(name)}: ${problem}`, {
    hint: 'this name is reserved for the container that autocert adds; give yours another name',
  });

export const mountConflict = (container: string, volume: string, mountPath: string): AppError =>
  new AppError(
    'ERR_MOUNT_CONFLICT',
    'invalid',
    `container ${quote(container)}: volume ${quote(volume)} is mounted at ${quote(mountPath)}, where the certificate goes`,
    { hint: `mount it elsewhere: ${certsMountPath} and what is below belong to autocert` },
  );
