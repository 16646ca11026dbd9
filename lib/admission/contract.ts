/**
 * The names that pods, images and the webhook have agreed on: annotations, paths, audience. Upstream's where upstream has
 * one; none of them is configurable, since custom images rely on them.
 */

/** Of all annotations, and the label of namespaces. */
export const annotationPrefix = 'autocert.step.sm/';

/** Where every container finds `root.crt`, `site.crt` and `site.key`. */
export const certsMountPath = '/var/run/autocert.step.sm';

/** Folder of the projected ServiceAccount token in our own containers, and the file in it. */
export const tokenMountPath = '/var/run/secrets/autocert.step.sm';
export const tokenFile = 'token';
export const tokenVolumeName = 'autocert-token';
export const tokenAudience = 'autocert.step.sm';
/** The kubelet renews it at 80 % of this. */
export const tokenExpirationSeconds = 3600;

/** Key of the Secret that carries a one-time token, as upstream. */
export const secretTokenKey = 'token';

/** Name of the port where a renewer serves metrics (at most 15 characters). */
export const metricsPortName = 'certs-metrics';
