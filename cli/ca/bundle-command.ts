/** `ca roots` and `ca federation` differ in one request and one word. */
import type { CaClient } from '../../lib/ca-client/index.ts';
import type { Command, CommandDescription } from '../command.ts';
import { confirmOverwrite, saveFile } from '../files.ts';
import { connectionOptions, option } from '../options/shared.ts';
import { connect } from './connection.ts';

export function bundleCommand(
  description: Pick<CommandDescription, 'path' | 'summary' | 'examples'>,
  what: { readonly file: string; readonly title: string },
  fetchBundle: (client: CaClient) => Promise<readonly string[]>,
): Command {
  return {
    ...description,
    positionals: [{ name: what.file, optional: true, description: 'File for the certificates. Without it, stdout.' }],
    options: [...connectionOptions, option.force],
    async run(invocation) {
      const { positionals, options, terminal } = invocation;
      const [path] = positionals;
      if (path) await confirmOverwrite(terminal, path, options.isOn('force'));
      const bundle = (await fetchBundle(connect(invocation).client)).join('');
      if (!path) terminal.write(bundle);
      else {
        saveFile(path, bundle, 0o600);
        terminal.note(`The ${what.title} certificate bundle has been saved in ${path}.`);
      }
      return 0;
    },
  };
}
