/**
 * The CA's memory without a database (no `db` in ca.json): used tokens are remembered until the process ends, which
 * is enough because tokens older than the process are refused; certificates are not kept.
 */
import type { CertificateStore } from '../authority/ports.ts';

export function createMemoryStore(): CertificateStore {
  const usedTokens = new Map<string, number | undefined>();
  return {
    persistent: false,
    async useToken(token, issue) {
      if (usedTokens.has(token.key)) return { kind: 'reused' };
      usedTokens.set(token.key, token.expiresAt);
      return { kind: 'used', result: issue().result };
    },
    addCertificate: async () => {},
    findProvisioner: async () => undefined,
    findCertificate: async () => undefined,
    isRevoked: async () => false,
    revoke: async () => {
      throw new TypeError('a store that is not persistent revokes nothing');
    },
    async forgetTokens(endedBefore) {
      const before = usedTokens.size;
      for (const [key, expiresAt] of usedTokens) {
        if (expiresAt !== undefined && expiresAt < endedBefore) usedTokens.delete(key);
      }
      return before - usedTokens.size;
    },
    close: async () => {},
  };
}
