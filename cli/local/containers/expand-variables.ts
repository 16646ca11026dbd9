/**
 * `$(NAME)` in env values, command and args, as the kubelet expands it (k8s.io third_party/forked/golang/expansion):
 * `$$` is a dollar sign, an unknown name stays as it is written. Pure.
 */
export function expandVariables(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole: string, _rest: string, name: string | undefined) =>
    name === undefined ? '$' : (lookUp(name) ?? whole),
  );
}
