/**
 * Whether a cluster runs native sidecars, from the version of its API server: kubelets may be three minor versions older,
 * and know init containers with `restartPolicy: Always` from 1.29 on (by default, GA in 1.33). So from 1.32 on every node
 * does.
 */
const oldestWithSidecarsEverywhere = { major: 1, minor: 32 };

/** Whether every kubelet that this API server may have runs native sidecars. */
export function hasNativeSidecars({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  const oldest = oldestWithSidecarsEverywhere;
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}
