/** The part of the client library that reads a kubeconfig: a session asks paths, and needs no API group in its bundle. */
export { KubeConfig } from '@kubernetes/client-node';
