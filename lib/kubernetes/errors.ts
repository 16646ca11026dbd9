/** What may go wrong between us and the API server, told so that an administrator knows what to do. */
import { AppError, type ErrorKind } from '../errors/index.ts';

/** One call of the API, named as RBAC names it. */
export type ApiAction = {
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
};

const nameOf = ({ verb, resource }: ApiAction): string => `kubernetes: ${verb} ${resource}`;

/** No answer: nobody listens, the connection broke, or the deadline passed. */
export function apiUnreachable(action: ApiAction, cause: unknown): AppError {
  return new AppError('ERR_KUBERNETES_UNREACHABLE', 'unavailable', `${nameOf(action)}: no answer`, { cause });
}

/** An answer that is not what the API documents: a proxy in between, or a truncated body. */
export function apiAnswerInvalid(action: ApiAction, cause: unknown): AppError {
  const problem = `${nameOf(action)}: answer not understood`;
  return new AppError('ERR_KUBERNETES_ANSWER', 'unavailable', problem, { cause });
}

/** The API server said no. Its own message is kept: it holds no secret, only names. */
export function apiRefused(action: ApiAction, status: number, message: string): AppError {
  const problem = `${nameOf(action)}: refused (${status})${message === '' ? '' : `: ${message}`}`;
  const hint = hintFor(action, status);
  const details = { context: { status }, ...(hint === undefined ? {} : { hint }) };
  return new AppError('ERR_KUBERNETES_REFUSED', kindOf(status), problem, details);
}

/** Neither a kubeconfig nor the surroundings of a pod. */
export function apiConfigInvalid(problem: string, cause?: unknown): AppError {
  return new AppError('ERR_KUBERNETES_CONFIG', 'invalid', `kubernetes: ${problem}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'run inside a pod with a ServiceAccount token, or set KUBECONFIG to a kubeconfig file',
  });
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'unavailable' : 'invalid';
}

function hintFor({ verb, resource, group }: ApiAction, status: number): string | undefined {
  if (status === 401) return 'the token of this ServiceAccount or kubeconfig is not accepted by the API server';
  if (status !== 403) return undefined;
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
  return `add the rule ${rule} to the role of this program`;
}
