/** docs/reference/cli.md from the command descriptions, the same data as --help. Pure. */
import type { Command } from '../../cli/command.ts';
import { optionSpelling, optionText } from '../../cli/help/render-help.ts';
import { globalOptions, usageLine } from '../../cli/options/parse.ts';

const opening = `# The autocert command

Generated from the code by \`make docs\`.

Commands, options, files and environment variables are those of the \`step\` command, so that habits and scripts carry
over. Options may stand before, between and after the arguments.

- **Where a value comes from:** the command line, then the environment (\`--ca-url\` is \`STEP_CA_URL\`), then
  \`config/defaults.json\` under \`$STEPPATH\` (default \`~/.step\`), then the default. Contexts of step are followed.
- **What goes where:** results to standard output, everything else to standard error. Passwords and tokens are never
  shown; a token is printed only by \`ca token\`.
- **Exit codes:** 0 done, 1 it did not work, 2 it was called wrongly. An error is a line \`error: …\`, mostly with a line
  \`hint: …\`; \`STEPDEBUG=1\` adds the error code and where it happened.
- **Questions** (provisioner, password, overwriting) are asked on a terminal only; without one, the error names the
  option to give. \`NO_COLOR\` turns colours off.
`;

export function renderCliReference(commands: readonly Command[]): string {
  const index = commands.map(
    ({ path, summary }) => `| [\`${path.join(' ')}\`](#autocert-${path.join('-')}) | ${summary} |`,
  );
  return [
    opening,
    ['| command | |', '| --- | --- |', ...index].join('\n'),
    '',
    `Every command also takes ${globalOptions.map((option) => `\`${optionSpelling(option)}\``).join(' and ')}; those that work on a`,
    'cluster take no settings of step.',
    '',
    ...commands.map(renderCommand),
  ].join('\n');
}

function renderCommand(command: Command): string {
  const { path, summary, description, positionals = [], options = [], examples, passThrough } = command;
  const rows = [
    ...positionals.map((positional) => `| \`${positional.name}\` | ${cell(positional.description)} |`),
    ...options.map((option) => `| \`${optionSpelling(option)}\` | ${cell(optionText(option))} |`),
  ];
  return [
    `## autocert ${path.join(' ')}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${description === undefined ? '' : ` ${description}`}`,
    '',
    ...(passThrough ? [] : ['```', usageLine(command), '```', '']),
    ...(rows.length > 0 ? ['| argument, option | |', '| --- | --- |', ...rows, ''] : []),
    ...examples.flatMap(({ title, command: line }) => [title, '', '```', line, '```', '']),
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
