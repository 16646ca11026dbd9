/**
 * Starts a server and waits for the line that says it is ready. A server that ends before has not come up: its last
 * lines are told, since they say why.
 */
import { serverNotReady } from '../errors.ts';
import type { ProcessStarter, RunningProcess } from '../processes/keeper-client.ts';
import type { StartRequest } from '../processes/protocol.ts';

export type StartedServer<T> = {
  readonly ready: T;
  readonly process: RunningProcess;
  /** Rejects when the server ends. */
  readonly lost: Promise<never>;
};

const rememberedLines = 8;

/**
 * @param readLine what a line says, undefined while it is not the one
 * @throws {AppError} ERR_LOCAL_START (unavailable)
 */
export async function startServer<T>(
  name: string,
  starter: ProcessStarter,
  request: StartRequest,
  readLine: (line: string) => T | undefined,
): Promise<StartedServer<T>> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const lastLines: string[] = [];
  const process = starter.start(request, (line) => {
    lastLines.push(line);
    if (lastLines.length > rememberedLines) lastLines.shift();
    const ready = readLine(line);
    if (ready !== undefined) resolve(ready);
  });
  const lost = process.exited.then(({ code, signal, failure }): never => {
    throw serverNotReady(name, failure ?? `ended (${signal ?? `exit code ${code}`})`, lastLines);
  });
  lost.catch(() => {}); // whoever waits for it hears of it
  return { ready: await Promise.race([promise, lost]), process, lost };
}
