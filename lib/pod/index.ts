export { type AuthorityOptions, connectAuthority, type RenewalAuthority } from './authority.ts';
export {
  chooseRoots,
  type Enroller,
  type EnrolmentPorts,
  enrol,
  type Grant,
  isWorthRetrying,
  type TokenMemory,
  unitePem,
} from './enrolment.ts';
export {
  type Credential,
  type Environment,
  type LogSettings,
  type PodSettings,
  parseChoice,
  parseDurationVariable,
  parseLogSettings,
  parsePodSettings,
} from './environment.ts';
export { gaveUp } from './errors.ts';
export { closeProcess, exitCodeFor, exitCodes, writeTerminationMessage } from './process.ts';
export { type CertificateStore, openStore } from './store.ts';
