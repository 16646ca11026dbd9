export { createMemoryStore } from './memory.ts';
export { openDatabase, openStore } from './open.ts';
