/** Every check, in the order of the report: from the cluster towards the pods. Pure. */
import type { CheckResult } from './check.ts';
import { checkCaBundle, checkIntermediate, checkRoot } from './checks/certificates.ts';
import {
  checkCaWorkload,
  checkConfig,
  checkDeployment,
  checkRegistration,
  checkService,
  checkVersion,
} from './checks/installation.ts';
import {
  checkAdmission,
  checkCaHealth,
  checkOwnRights,
  checkReadiness,
  checkWebhookRights,
} from './checks/reachability.ts';
import { checkAnnotations, checkNamespaces, checkPods } from './checks/workloads.ts';
import type { Facts } from './facts.ts';

const checks: readonly ((facts: Facts) => CheckResult)[] = [
  checkVersion,
  checkOwnRights,
  checkRegistration,
  checkDeployment,
  checkService,
  checkConfig,
  checkWebhookRights,
  checkCaWorkload,
  checkRoot,
  checkIntermediate,
  checkCaBundle,
  checkReadiness,
  checkCaHealth,
  checkAdmission,
  checkNamespaces,
  checkAnnotations,
  checkPods,
];

export const diagnose = (facts: Facts): readonly CheckResult[] => checks.map((check) => check(facts));

/** 0 healthy, 1 findings, 2 nothing was found and not everything could be looked at. */
export function exitCodeOf(results: readonly CheckResult[]): 0 | 1 | 2 {
  if (results.some(({ status }) => status === 'found')) return 1;
  return results.some(({ status }) => status === 'unknown') ? 2 : 0;
}
