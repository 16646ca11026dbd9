export {
  type CaConfig,
  type ClaimsJson,
  type DatabaseConfig,
  type NameListsJson,
  type NamePolicyJson,
  type ProvisionerJson,
  parseCaConfig,
  type RevocationListSettings,
} from './config.ts';
export { configInvalid } from './errors.ts';
export { claimsSchema, describeIssue, jwkProvisionerSchema } from './schema.ts';
export { nodeTlsOptions, type TlsOptions } from './tls-options.ts';
