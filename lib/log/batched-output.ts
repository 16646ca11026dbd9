/**
 * Standard output for a program that writes a line for every request: what is logged in one turn of the event loop goes
 * out in one write, since each is a system call and a wake-up of whoever reads.
 *
 * Keep: order, and the last words. A line waits for no more than the turn it was written in; what waits when the
 * process exits, an uncaught error included, is written before it does.
 */

export type BatchedOutput = (line: string) => void;

/** Many lines at once are handed on before the turn ends: nothing is held without bound. */
const maxHeld = 64 * 1024;

/**
 * @param write takes one or more whole lines; must have written them when it returns
 * @param onExit registers what to do when the process ends
 */
export function createBatchedOutput(
  write: (lines: string) => void,
  onExit: (flush: () => void) => void = (flush) => process.once('exit', flush),
): BatchedOutput {
  let held = '';
  const flush = (): void => {
    if (held === '') return;
    const lines = held;
    held = '';
    write(lines);
  };
  onExit(flush);
  return (line) => {
    if (held === '') setImmediate(flush);
    held += line;
    if (held.length > maxHeld) flush();
  };
}
