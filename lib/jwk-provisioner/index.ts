export { decryptProvisionerKey, encryptProvisionerKey } from './encrypted-key.ts';
export {
  createOneTimeToken,
  defaultTokenLifetimeMs,
  type OneTimeTokenRequest,
  tokenAudience,
} from './one-time-token.ts';
export {
  generateProvisionerKey,
  importProvisionerJwk,
  jwkThumbprint,
  type ProvisionerKey,
  type PublicJwk,
  provisionerKeyOf,
  publicJwk,
} from './provisioner-key.ts';
