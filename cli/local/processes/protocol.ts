/**
 * What `autocert local` and its keeper say to each other over the IPC channel between them. Environments, which hold
 * tokens, travel here and never as arguments.
 */
export type StartRequest = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
};

export type ToKeeper =
  | ({ readonly type: 'start'; readonly id: number } & StartRequest)
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals };

export type FromKeeper =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  /** The program could not be run at all; there is no exit after it. */
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'line'; readonly id: number; readonly text: string }
  /** Comes after the last line. */
  | {
      readonly type: 'exited';
      readonly id: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };
