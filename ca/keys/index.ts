export { fileKeyStore } from './file-key-store.ts';
export type { KeyStore } from './key-store.ts';
