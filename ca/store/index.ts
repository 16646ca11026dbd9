export { createMemoryStore } from './memory.ts';
export { schemaVersion } from './migrations.ts';
export { openDatabase, openStore } from './open.ts';
