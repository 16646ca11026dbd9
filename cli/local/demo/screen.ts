/**
 * Shows the demo as it goes: a picture that is redrawn in place where a terminal can do that, else a line an event and
 * one about the requests now and then.
 */
import type { EpochMs } from '../../../lib/time/index.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { formatElapsed, renderEvent, renderPicture } from './picture.ts';
import type { DemoState } from './state.ts';

export interface Screen {
  show(state: DemoState, now: EpochMs): void;
  /** Leaves what is shown standing; lines may be written below it. */
  leave(): void;
}

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** How often the plain form speaks of requests. */
const reportEveryMs = 15_000;

export const createScreen = (terminal: Terminal, lifetime: string): Screen =>
  terminal.live ? createPictureScreen(terminal, lifetime) : createLineScreen(terminal);

function createPictureScreen(terminal: Terminal, lifetime: string): Screen {
  let drawn = 0;
  return {
    show(state, now) {
      const lines = renderPicture(state, now, { columns: terminal.columns, styles: terminal.outStyles, lifetime });
      const back = drawn === 0 ? hideCursor : `\x1b[${drawn}F\x1b[J`;
      terminal.write(`${back}${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    leave() {
      if (drawn > 0) terminal.write(showCursor);
      drawn = 0;
    },
  };
}

function createLineScreen(terminal: Terminal): Screen {
  let shown = 0;
  let reportedAt: EpochMs | undefined;
  return {
    show(state, now) {
      const { events, eventsSeen, requests, startedAt } = state;
      const fresh = Math.min(eventsSeen - shown, events.length);
      for (const event of fresh > 0 ? events.slice(-fresh) : []) {
        terminal.write(`${renderEvent(state, event, terminal.outStyles)}\n`);
      }
      shown = eventsSeen;
      reportedAt ??= now;
      if (now - reportedAt < reportEveryMs) return;
      reportedAt = now;
      const answered = requests.kept + requests.new;
      terminal.write(`${formatElapsed(now - startedAt)}   requests: ${answered} answered, ${requests.failed} failed\n`);
    },
    leave() {},
  };
}
