/**
 * The CA's memory without a database (no `db` in ca.json): used tokens are remembered until the process ends, which
 * is enough because tokens older than the process are refused; certificates are not kept.
 */
import type { CertificateStore } from '../authority/ports.ts';

export function createMemoryStore(): CertificateStore {
  const usedTokens = new Map<string, number | undefined>();
  const unavailable = async (): Promise<never> => {
    throw new TypeError('a store that is not persistent revokes nothing');
  };
  return {
    persistent: false,
    ready: () => true,
    async useToken(token, issue) {
      if (usedTokens.has(token.key)) return { kind: 'reused' };
      usedTokens.set(token.key, token.expiresAt);
      return { kind: 'used', result: issue().result };
    },
    addCertificate: async () => {},
    findProvisioner: async () => undefined,
    findCertificate: async () => undefined,
    isRevoked: async () => false,
    revoke: unavailable,
    findRevocationList: async () => undefined,
    updateRevocationList: unavailable,
    async prune({ tokensEndedBefore, limit }) {
      let tokens = 0;
      for (const [key, expiresAt] of usedTokens) {
        if (tokens >= limit) break;
        if (expiresAt !== undefined && expiresAt < tokensEndedBefore && usedTokens.delete(key)) tokens++;
      }
      return { kind: 'pruned', tokens, certificates: 0 };
    },
    close: async () => {},
  };
}
