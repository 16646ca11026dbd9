/** `make docs`: writes the reference pages that come from the code. A test beside each generator keeps them in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../cli/commands/catalogue.ts';
import { renderCliReference } from './cli-reference.ts';

const reference = join(import.meta.dirname, '../../docs/reference');
const commands = await Promise.all(catalogue.map(({ load }) => load()));
writeFileSync(join(reference, 'cli.md'), renderCliReference(commands));
console.log('docs: docs/reference/cli.md');
