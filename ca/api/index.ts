export { type AppOptions, buildApp } from './app.ts';
export { clearRoutes, metricsRoutes } from './clear-routes.ts';
export type { RequestLogFormat, RequestLogLevel } from './request-log.ts';
export { type ApiContext, coreRoutes } from './routes.ts';
