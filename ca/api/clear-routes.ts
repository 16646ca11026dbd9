/** What listeners without TLS serve: the revocation list, which is signed, and metrics. Nothing else is reachable there. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRevocationList } from './revocation-list.ts';
import type { Route } from './routes.ts';

/** `insecureAddress`. */
export const clearRoutes: readonly Route[] = ['/crl', '/1.0/crl'].map(
  (path): Route => [
    'GET',
    path,
    (request, reply, { authority }) => answerRevocationList(request, reply, authority.revocationLists),
  ],
);

/** `metricsAddress`. `render` makes the Prometheus text. */
export const metricsRoutes = (render: () => string): readonly Route[] => [
  [
    'GET',
    '/metrics',
    (_request: FastifyRequest, reply: FastifyReply) => {
      reply.header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
      return Buffer.from(render());
    },
  ],
];
