/** What a check answers. Data only; the ids are stable, so that scripts can rely on them. */

export type Finding = {
  /** Such as `ca-bundle-foreign`; what docs/guides/doctor.md lists. */
  readonly id: string;
  /** An error keeps pods from getting certificates now; a warning will, or might. */
  readonly severity: 'error' | 'warning';
  /** The object that it is about. */
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
};

export type CheckResult = {
  readonly id: string;
  readonly title: string;
  /** `unknown`: it could not be made. */
  readonly status: 'ok' | 'found' | 'unknown';
  /** What was seen, or why nothing could be seen. */
  readonly detail: string;
  readonly findings: readonly Finding[];
};

type Check = { readonly id: string; readonly title: string };

export const ok = (check: Check, detail: string): CheckResult => ({ ...check, status: 'ok', detail, findings: [] });

export const unknown = (check: Check, why: string): CheckResult => ({
  ...check,
  status: 'unknown',
  detail: why,
  findings: [],
});

/** `ok` when there are none. */
export const conclude = (check: Check, findings: readonly Finding[], detail: string): CheckResult =>
  findings.length === 0
    ? ok(check, detail)
    : { ...check, status: 'found', detail: findings.map(({ why }) => why)[0] ?? '', findings };

export const found = (check: Check, finding: Finding): CheckResult => conclude(check, [finding], '');

export const error = (id: string, what: string, why: string, remedy: string): Finding => ({
  id,
  severity: 'error',
  what,
  why,
  remedy,
});

export const warning = (id: string, what: string, why: string, remedy: string): Finding => ({
  ...error(id, what, why, remedy),
  severity: 'warning',
});
