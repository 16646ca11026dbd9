/** Columns that line up, for people. Pure; widths are counted without colour codes. */
import { stripVTControlCharacters } from 'node:util';

const visible = (text: string): number => [...stripVTControlCharacters(text)].length;

/** Pads every column but the last to its widest cell; lines are joined without a final line feed. */
export function renderTable(
  rows: readonly (readonly string[])[],
  options: { indent?: number; gap?: number } = {},
): string {
  const { indent = 0, gap = 2 } = options;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, visible(cell));
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - visible(cell) + gap),
        )
        .join(''),
    )
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

/** Breaks text at spaces so that no line is longer than `width`, unless one word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
