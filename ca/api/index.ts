export { type AppOptions, buildApp } from './app.ts';
export type { ApiContext } from './routes.ts';
