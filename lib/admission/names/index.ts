/** Which names a certificate may have: syntax and policy. */
export { clusterDomainOf, isOfOtherNamespace, type NamePolicy, type SourcedName, validateNames } from './policy.ts';
export { findSyntaxProblem, type NameProblem } from './syntax.ts';
