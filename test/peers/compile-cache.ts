/** Variables for our own programs, which a run of the tests starts from source some hundreds of times. */
import { join } from 'node:path';
import { cacheFolder } from '../../tools/peers/index.ts';

/** Node keeps what it has made of each source file: a CA starts in half the time. */
export const compileCache = { NODE_COMPILE_CACHE: join(cacheFolder(), 'compile') } as const;
