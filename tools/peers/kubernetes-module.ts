/**
 * The published module of Kubernetes cannot be built as a dependency as it stands: its go.mod replaces the staging
 * modules by folders that the module archive does not hold. This rewrites those lines to the copies that are
 * published beside it: staging module X of Kubernetes 1.N.P is X v0.N.P.
 */

/**
 * @param published go.mod of k8s.io/kubernetes
 * @param version   1.N.P
 * @returns         go.mod of a module that can build the commands of Kubernetes
 */
export function kubernetesModule(published: string, version: string): string {
  const staging = `v0.${version.slice('1.'.length)}`;
  const lines = published.split('\n').map((line) => line.trim());
  const kept = lines.filter((line) => /^(go|godebug) /.test(line));
  const replaced = lines.flatMap((line) => {
    const name = /^(?:replace )?(k8s\.io\/\S+) => \.\/staging\//.exec(line)?.[1];
    return name ? [`replace ${name} => ${name} ${staging}`] : [];
  });
  if (replaced.length === 0) throw new Error('go.mod of k8s.io/kubernetes names no staging module any more');
  return ['module peers', ...kept, `require k8s.io/kubernetes v${version}`, ...replaced, ''].join('\n');
}
