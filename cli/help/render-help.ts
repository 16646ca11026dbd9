/** Help texts from command descriptions. Pure. The same data gives docs/reference/cli.md (tools/docs). */
import type { CommandDescription, OptionDefinition } from '../command.ts';
import { dashed, globalOptionsOf, usageLine } from '../options/parse.ts';
import { variableName } from '../options/resolve.ts';
import { renderTable, wrap } from '../terminal/table.ts';
import type { Styles } from '../terminal/terminal.ts';

const width = 80;
const indent = '  ';

/** `-f, --force`, `--crv, --curve CURVE` */
export function optionSpelling(option: OptionDefinition): string {
  const names = [option.name, ...(option.aliases ?? [])].sort((a, b) => Number(a.length > 1) - Number(b.length > 1));
  const text = names.map(dashed).join(', ');
  return option.value === undefined ? text : `${text} ${option.value}`;
}

/** The description and what follows from the definition: choices, default, repetition. */
export function optionText(option: OptionDefinition): string {
  const notes = [
    option.choices && `One of ${option.choices.join(', ')}.`,
    option.default !== undefined && `Default: ${option.default}.`,
    option.repeated && 'May be given several times.',
  ].filter((note) => typeof note === 'string');
  return [option.description, ...notes].join(' ');
}

/** `autocert ca certificate --help` */
export function renderCommandHelp(command: CommandDescription, styles: Styles): string {
  const sections = [`${styles.bold(['autocert', ...command.path].join(' '))} - ${command.summary}`];
  sections.push(section('Usage', [usageLine(command)], styles));
  for (const paragraph of command.description?.split('\n\n') ?? []) sections.push(wrap(paragraph, width).join('\n'));
  const { positionals = [], options = [] } = command;
  if (positionals.length > 0) {
    sections.push(
      section(
        'Arguments',
        positionals.flatMap((p) => entry(p.name, p.description)),
        styles,
      ),
    );
  }
  const own = options.flatMap((option) => entry(optionSpelling(option), optionText(option)));
  const common = globalOptionsOf(command).flatMap((option) => entry(optionSpelling(option), optionText(option)));
  sections.push(section('Options', [...own, ...common], styles));
  const first = options.find(({ name }) => name === 'ca-url') ?? options.find(({ value }) => value !== undefined);
  if (first && !command.apartFromStep) {
    sections.push(
      wrap(
        `Every option can also be set in the environment (--${first.name} is ${variableName(first.name)}) or in ` +
          'config/defaults.json under $STEPPATH, by default ~/.step; the command line wins, then the environment.',
        width,
      ).join('\n'),
    );
  }
  const examples = command.examples.flatMap(({ title, command: line }, index) => [
    ...(index > 0 ? [''] : []),
    title,
    ...line.split('\n').map((part, row) => `${indent}${row === 0 ? '$ ' : '  '}${part}`),
  ]);
  sections.push(section(command.examples.length > 1 ? 'Examples' : 'Example', examples, styles));
  return `${sections.join('\n\n')}\n`;
}

const section = (title: string, lines: readonly string[], styles: Styles): string =>
  [styles.bold(title), ...lines.map((line) => `${indent}${line}`.trimEnd())].join('\n');

const entry = (head: string, text: string): string[] => [
  head,
  ...wrap(text, width - 8).map((line) => `${indent}${indent}${line}`),
];

/** `autocert ca`: the commands of a group; without a group, all of them. */
export function renderGroupHelp(
  group: readonly string[],
  commands: readonly { readonly path: readonly string[]; readonly summary: string }[],
  styles: Styles,
): string {
  const title = ['autocert', ...group].join(' ');
  const rows = commands.map(({ path, summary }) => [path.join(' '), summary]);
  return [
    `${styles.bold('Usage')}\n${indent}${title} COMMAND [arguments] [options]`,
    `${styles.bold('Commands')}\n${renderTable(rows, { indent: 2 })}`,
    `${title} COMMAND --help says more about one.\n`,
  ].join('\n\n');
}

/** `autocert` alone: what it is, where to begin, every command. */
export function renderOverview(
  version: string,
  commands: readonly { readonly path: readonly string[]; readonly summary: string }[],
  styles: Styles,
): string {
  const begin = [
    ['autocert demo', 'the whole product on this machine, in two minutes, without a cluster'],
    ['autocert local run pod.yaml', 'run your own annotated manifests the same way'],
    ['autocert ca bootstrap …', 'trust a CA, ours or any step-ca; then:'],
    ['autocert ca certificate web.example web.crt web.key', ''],
  ].map(([command = '', text = '']) => [styles.cyan(command), text]);
  const rows = commands.map(({ path, summary }) => [path.join(' '), summary]);
  return [
    `${styles.bold('autocert')} ${version} - certificates from your own CA: for pods, services and people`,
    `${styles.bold('Begin here')}\n${renderTable(begin, { indent: 2 })}`,
    `${styles.bold('Commands')}\n${renderTable(rows, { indent: 2 })}`,
    `Names, options, files and STEP_ variables are those of the step command.\nautocert COMMAND --help says more about one.\n`,
  ].join('\n\n');
}
