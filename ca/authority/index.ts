export { Authority, type AuthorityParts, type AuthoritySettings, type Issued } from './authority.ts';
export type { CertificateStore } from './ports.ts';
export { parseTimeOrDuration, type TimeOrDuration } from './validity.ts';
