/**
 * What is used of the client library. It is loaded when a client is made; named here one by one, so that a bundle holds
 * these and not every API group.
 */
export {
  AdmissionregistrationV1Api,
  ApiException,
  AuthenticationV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  Observable,
  ResponseContext,
  ServerConfiguration,
  setHeaderMiddleware,
  VersionApi,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
