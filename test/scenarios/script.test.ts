import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runScenario } from './run-scenario.ts';
import { expand, parseScenario, splitWords } from './script.ts';

describe('parseScenario', () => {
  it('reads head and steps', () => {
    const { name, clis, cas, steps } = parseScenario('# what it shows\n# cli: autocert step\n\nexec a\n! exec b c\n');
    assert.deepEqual({ name, clis, cas }, { name: 'what it shows', clis: ['autocert', 'step'], cas: ['none'] });
    assert.deepEqual(
      steps.map(({ line, negated, verb, words }) => ({ line, negated, verb, count: words.length })),
      [
        { line: 4, negated: false, verb: 'exec', count: 1 },
        { line: 5, negated: true, verb: 'exec', count: 2 },
      ],
    );
  });
});

describe('splitWords', () => {
  const variables = new Map([['X', 'value of x']]);
  const rows: [line: string, words: string[]][] = [
    ['a  b', ['a', 'b']],
    ['\'a b\' "c d"', ['a b', 'c d']],
    ['$X/y "$X"', ['value of x/y', 'value of x']],
    ["'$X' ''", ['$X', '']],
    ["a'b c'd", ['ab cd']],
  ];
  for (const [line, words] of rows) {
    it(`splits ${line}`, () =>
      assert.deepEqual(
        splitWords(line).map((word) => expand(word, variables)),
        words,
      ));
  }
  it('complains about a variable that is not set', () =>
    assert.throws(() => expand(splitWords('$Y')[0] ?? [], variables), /\$Y is not set/));
});

describe('runScenario', () => {
  const run = (text: string): Promise<void> => runScenario(parseScenario(text), join('/bin', 'sh'), {});

  it('checks what a command printed, where, and how it ended', () =>
    run("exec -c 'echo out; echo err >&2'\nstdout ^out$\n! stdout err\nstderr ^err$\n! exec -c 'exit 3'\ncode 3\n"));
  it('gives input, environment and files, and keeps output', () =>
    run(
      "write in text\nfeed in\nenv NAME value\nexec -c 'cat; echo $NAME > out'\nset GOT\nexec -c 'test \"$0\" = text' $GOT\ncontains out ^value$\nexists out\n! exists gone\n",
    ));

  const failing: [name: string, text: string, message: RegExp][] = [
    ['a command that fails', "exec -c 'echo why >&2; exit 1'", /line 1: exec [\s\S]*ended with 1[\s\S]*why/],
    ['a command that should have failed', "! exec -c ''", /ended with 0/],
    ['output that does not match', "exec -c 'echo a'\nstdout b", /line 2: .*\n.*does not match b/],
    ['an unknown step', 'dance', /unknown step "dance"/],
  ];
  for (const [name, text, message] of failing) {
    it(`reports ${name} with its line`, () => assert.rejects(run(text), message));
  }
});
