import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, CommandDescription } from './command.ts';
import { type CatalogueEntry, catalogue } from './commands/catalogue.ts';
import { runCommandLine } from './run.ts';
import { createFakeTerminal } from './terminal/fake-terminal.ts';

const env = { STEPPATH: '/nonexistent' };

function entry(path: string, more: Partial<CommandDescription>, run: Command['run']): CatalogueEntry {
  const command: Command = { path: path.split(' '), summary: `does ${path}`, examples: [], ...more, run };
  return { path: command.path, summary: command.summary, load: async () => command };
}

const commands = [
  entry('ca token', { positionals: [{ name: 'subject', description: '' }] }, async ({ positionals, terminal }) => {
    terminal.write(positionals.join());
    return undefined;
  }),
  entry('ca serve', { passThrough: true }, async ({ rawArguments, terminal }) => {
    terminal.write(rawArguments.join());
    return 7;
  }),
  entry('broken', {}, () => Promise.reject(new Error('boom'))),
];

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = createFakeTerminal();
  const code = await runCommandLine(commands, args, { terminal, env });
  return { code, out: terminal.out(), err: terminal.err() };
}

describe('runCommandLine', () => {
  it('runs a command and ends with 0', async () =>
    assert.deepEqual(await run('ca', 'token', 'x'), { code: 0, out: 'x', err: '' }));
  it("passes a command's exit code on", async () => assert.equal((await run('ca', 'serve')).code, 7));
  it('hands every argument to a command that passes them on, --help too', async () =>
    assert.equal((await run('ca', 'serve', '--help', '-x')).out, '--help,-x'));
  it('says what it is when called without arguments', async () => {
    const { code, out } = await run();
    assert.equal(code, 0);
    assert.match(out, /ca token +does ca token/);
  });
  it('shows the help of a command in three ways', async () => {
    const { out } = await run('ca', 'token', '--help');
    assert.match(out, /^autocert ca token - does ca token\n\nUsage\n {2}autocert ca token subject \[options\]/);
    assert.equal((await run('ca', 'token', '-h')).out, out);
    assert.equal((await run('help', 'ca', 'token')).out, out);
  });
  it('lists the commands of a group', async () => {
    assert.match((await run('ca')).out, /ca serve +does ca serve/);
    assert.doesNotMatch((await run('ca', '--help')).out, /broken/);
  });
  it('suggests the command that was meant, and ends with 2', async () =>
    assert.deepEqual(await run('ca', 'tokne'), {
      code: 2,
      out: '',
      err: 'error: ca tokne: unknown command\nhint: did you mean "autocert ca token"?\n',
    }));
  it('refuses an unknown option before the command', async () =>
    assert.match((await run('--frobnicate')).err, /^error: --frobnicate: unknown option of "autocert"/));
  it('ends with 1 when a command fails', async () => {
    const { code, err } = await run('broken');
    assert.equal(code, 1);
    assert.match(err, /^error: boom/);
  });
});

describe('catalogue', () => {
  for (const { path, summary, load } of catalogue) {
    it(`agrees with the command file: ${path.join(' ')}`, async () => {
      const command = await load();
      assert.deepEqual([command.path, command.summary], [path, summary]);
      assert.ok(command.examples.length > 0, 'every command has an example');
      for (const { command: line } of command.examples) assert.ok(line.includes(['autocert', ...path].join(' ')), line);
      const names = (command.options ?? []).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
      assert.equal(new Set(names).size, names.length, 'no option twice');
    });
  }
});
