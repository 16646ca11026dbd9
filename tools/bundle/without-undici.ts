/**
 * Stands in for undici in our bundles, 0.7 MB of each. @kubernetes/client-node imports it for requests of its own; ours
 * travel over lib/kubernetes/transport.ts. Keep: whatever would use it fails at once, and says why.
 */
export class Agent {
  constructor() {
    throw notBundled();
  }
}

export class ProxyAgent {
  constructor() {
    throw notBundled();
  }
}

export const fetch = (): Promise<never> => Promise.reject(notBundled());

const notBundled = (): Error => new Error('undici is not in this bundle: requests go over lib/kubernetes/transport.ts');
