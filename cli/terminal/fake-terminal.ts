/** A terminal that keeps what was written, for tests. Nobody sits at it. */

import { Writable } from 'node:stream';
import { createTerminal, type Terminal } from './terminal.ts';

export type FakeTerminal = Terminal & { readonly out: () => string; readonly err: () => string };

export function createFakeTerminal(env: Readonly<Record<string, string>> = {}): FakeTerminal {
  const [stdout, stderr] = [collector(), collector()];
  const terminal = createTerminal({ stdin: {}, stdout: stdout.stream, stderr: stderr.stream, env });
  return { ...terminal, out: stdout.text, err: stderr.text };
}

function collector(): { stream: Writable; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}
