/** Names of extended key usages in step's templates. Compared without case and underscores. */

const usages: readonly (readonly [name: string, oid: string])[] = [
  ['any', '2.5.29.37.0'],
  ['serverAuth', '1.3.6.1.5.5.7.3.1'],
  ['clientAuth', '1.3.6.1.5.5.7.3.2'],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['ipsecEndSystem', '1.3.6.1.5.5.7.3.5'],
  ['ipsecTunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsecUser', '1.3.6.1.5.5.7.3.7'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['ocspSigning', '1.3.6.1.5.5.7.3.9'],
  ['microsoftServerGatedCrypto', '1.3.6.1.4.1.311.10.3.3'],
  ['netscapeServerGatedCrypto', '2.16.840.1.113730.4.1'],
  ['microsoftCommercialCodeSigning', '1.3.6.1.4.1.311.2.1.22'],
  ['microsoftKernelCodeSigning', '1.3.6.1.4.1.311.61.1.1'],
];

const names: ReadonlyMap<string, string> = new Map(usages.map(([name, oid]) => [oid, name]));

/** Undefined for a usage that has no name. */
export const nameOfExtendedKeyUsage = (oid: string): string | undefined => names.get(oid);

/** `folded` is without case and underscores. */
export function findExtendedKeyUsage(folded: string): { readonly name: string; readonly oid: string } | undefined {
  const [name, oid] = usages.find(([each]) => each.toLowerCase() === folded) ?? [];
  return name !== undefined && oid !== undefined ? { name, oid } : undefined;
}

/** Its number in Go's crypto/x509. */
export const indexOfExtendedKeyUsage = (name: string): number => usages.findIndex(([each]) => each === name);
