/** How long anything of the cluster is waited for. Limits are meant for an idle machine; one setting stretches all of them. */

const factor = Number(process.env.AUTOCERT_E2E_PATIENCE || 1);

/** Seconds to wait: AUTOCERT_E2E_PATIENCE times as long as on an idle machine. */
export const patient = (seconds: number): number => seconds * factor;

/** The same as a flag of kubectl and Helm. */
export const timeoutFlag = (seconds: number): string => `--timeout=${Math.ceil(patient(seconds))}s`;
