/** Writes renewer/sleeper/machine-code.ts from the assembly sources beside it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble, renderModule, sourceFolder } from './assemble.ts';

writeFileSync(join(sourceFolder, 'machine-code.ts'), renderModule({ x64: assemble('x64'), arm64: assemble('arm64') }));
