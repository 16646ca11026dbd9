/** `autocert ca health` */
import { connect } from '../ca/connection.ts';
import type { Command } from '../command.ts';
import { connectionOptions } from '../options/shared.ts';

export const command: Command = {
  path: ['ca', 'health'],
  summary: 'ask whether the CA is up',
  description: 'Prints "ok" and ends with 0 when the CA answers; says why and ends with 1 when it does not.',
  options: connectionOptions,
  examples: [{ title: 'Wait for a CA:', command: 'until autocert ca health; do sleep 1; done' }],
  async run(invocation) {
    await connect(invocation).client.health();
    invocation.terminal.write('ok\n');
    return 0;
  },
};
