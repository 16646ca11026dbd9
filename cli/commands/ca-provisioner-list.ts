/** `autocert ca provisioner list`: the CA's own JSON, every member, indented as step does. */
import { connect } from '../ca/connection.ts';
import type { Command } from '../command.ts';
import { connectionOptions } from '../options/shared.ts';

export const command: Command = {
  path: ['ca', 'provisioner', 'list'],
  summary: 'list who may hand out certificates',
  options: connectionOptions,
  examples: [{ title: 'Their names:', command: "autocert ca provisioner list | jq -r '.[].name'" }],
  async run(invocation) {
    const provisioners = await connect(invocation).client.provisioners();
    invocation.terminal.write(`${JSON.stringify(provisioners, null, 3)}\n`);
    return 0;
  },
};
