export { createMemoryStore } from './memory.ts';
export { openStore } from './open.ts';
