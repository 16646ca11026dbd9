/** What stands in manifests.json where a value is to come: texts that occur nowhere else, each good for its place. */
export const placeholders = {
  namespace: 'namespace-placeholder',
  registry: 'registry-placeholder',
  caUrl: 'https://ca-url-placeholder',
  provisioner: 'provisioner-placeholder',
  root: '-----BEGIN CERTIFICATE-----',
} as const;
