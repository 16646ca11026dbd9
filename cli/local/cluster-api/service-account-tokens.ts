/**
 * ServiceAccount tokens as a cluster makes them (TokenRequest): an ES256 JWT that names the pod it was made for, and
 * the TokenReview of such a token. A token of a pod that is gone is refused, as the API server refuses it.
 */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import { signJwt } from '../../../lib/jwt/index.ts';
import type { Clock } from '../../../lib/time/index.ts';
import { nodeName, serviceAccountOf } from '../containers/field-reference.ts';
import type { Pod } from '../manifests/objects.ts';
import type { TokenRequest } from '../volumes/volume-files.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
/** The audience of a token whose request names none: the API server itself. */
const apiAudience = issuer;

/** `status` of a TokenReview. */
export type TokenReviewStatus =
  | { readonly authenticated: false; readonly error: string }
  | {
      readonly authenticated: true;
      readonly audiences: readonly string[];
      readonly user: {
        readonly username: string;
        readonly groups: readonly string[];
        readonly extra: Readonly<Record<string, readonly string[]>>;
      };
    };

/** Answers the live pod, to refuse tokens of pods that are gone. */
export interface LivePods {
  pod(namespace: string, name: string): Pod | undefined;
}

export class ServiceAccountTokens {
  readonly #key: KeyObject;
  readonly #clock: Clock;
  readonly #pods: LivePods;

  /** @param key private key of the cluster's token issuer, EC P-256 */
  constructor(key: KeyObject, clock: Clock, pods: LivePods) {
    this.#key = key;
    this.#clock = clock;
    this.#pods = pods;
  }

  /** A token for a pod that has name, namespace and uid. */
  issue(pod: Pod, { audience = apiAudience, expirationSeconds }: TokenRequest): string {
    const { name, namespace, uid } = pod.metadata;
    const serviceAccount = serviceAccountOf(pod);
    const now = Math.floor(this.#clock.now() / 1000);
    return signJwt({
      header: { typ: 'JWT' },
      key: this.#key,
      claims: {
        aud: [audience],
        exp: now + expirationSeconds,
        iat: now,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': {
          namespace,
          node: { name: nodeName },
          pod: { name, uid },
          serviceaccount: { name: serviceAccount },
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
      },
    });
  }

  /** @param audiences the ones asked for; a token for none of them is not authenticated */
  async review(token: string, audiences: readonly string[]): Promise<TokenReviewStatus> {
    const wanted = audiences.length > 0 ? [...audiences] : [apiAudience];
    try {
      const { payload } = await jwtVerify<TokenClaims>(token, createPublicKey(this.#key), {
        issuer,
        audience: wanted,
        algorithms: ['ES256'],
        currentDate: new Date(this.#clock.now()),
      });
      const { namespace, pod, node, serviceaccount } = payload['kubernetes.io'];
      if (this.#pods.pod(namespace, pod.name)?.metadata.uid !== pod.uid) {
        return { authenticated: false, error: `pod ${namespace}/${pod.name} is gone` };
      }
      const own = [payload.aud ?? []].flat();
      return {
        authenticated: true,
        audiences: wanted.filter((audience) => own.includes(audience)),
        user: {
          username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          extra: {
            'authentication.kubernetes.io/pod-name': [pod.name],
            'authentication.kubernetes.io/pod-uid': [pod.uid],
            'authentication.kubernetes.io/node-name': [node.name],
          },
        },
      };
    } catch (error) {
      return { authenticated: false, error: error instanceof Error ? error.message : 'invalid bearer token' };
    }
  }
}

type TokenClaims = {
  'kubernetes.io': {
    namespace: string;
    node: { name: string };
    pod: { name: string; uid: string };
    serviceaccount: { name: string };
  };
};
