export { generatePrivateKey, type KeySpec, keySpecs, randomHex, sha256Hex } from './generate.ts';
export {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  isEncryptedPrivateKeyPem,
  parsePrivateKeyPem,
} from './private-key.ts';
export { isSamePublicKey, publicKeyDer } from './public-key.ts';
