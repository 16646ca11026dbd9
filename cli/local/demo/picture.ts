/**
 * The live picture of the demo: state -> lines that fit the terminal. Pure; who shows it moves the cursor.
 *
 *   autocert demo   0:42   certificates of 1m
 *
 *   hello-mtls-tmh8k-5t8lr   hello-mtls.default.svc.cluster.local
 *     serial 64ae9321   ████████████░░░░░░░░   38 s left   rotated 1 of 2
 *   …
 *   requests   84 answered (42 on a kept connection, 42 on new ones), 0 failed
 *
 *   0:40   hello-mtls.default.svc.cluster.local: rotation 1, serial 64ae9321
 */
import type { EpochMs } from '../../../lib/time/index.ts';
import type { Styles } from '../../terminal/terminal.ts';
import { type DemoState, type PodView, shortSerial } from './state.ts';

export type PictureOptions = { readonly columns: number; readonly styles: Styles; readonly lifetime: string };

const shownEvents = 6;
const barWidth = 20;

/** With its group kept by `split`. */
const colourCode = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;]*m)`);

export function renderPicture(state: DemoState, now: EpochMs, { columns, styles, lifetime }: PictureOptions): string[] {
  const title = `${styles.bold('autocert demo')}   ${formatElapsed(now - state.startedAt)}   certificates of ${lifetime}`;
  const lines = [
    title,
    '',
    ...state.pods.flatMap((pod) => renderPod(pod, state.wantedRotations, now, styles)),
    renderRequests(state, styles),
    '',
    ...state.events.slice(-shownEvents).map((event) => renderEvent(state, event, styles)),
  ];
  return lines.map((line) => cut(line, columns - 1)); // a line as wide as the terminal would wrap on some
}

function renderPod({ name, certificate, rotations }: PodView, wanted: number, now: EpochMs, styles: Styles): string[] {
  if (!certificate) return [`${styles.cyan(name)}   ${styles.dim('no certificate yet')}`, '', ''];
  const leftMs = Math.max(0, certificate.notAfter - now);
  const share = Math.min(1, leftMs / Math.max(1, certificate.notAfter - certificate.notBefore));
  const rotated = `rotated ${rotations} of ${wanted}`;
  const parts = [
    `  serial ${shortSerial(certificate)}`,
    renderBar(share, styles),
    `${Math.ceil(leftMs / 1000)} s left`.padStart(10),
    rotations >= wanted ? styles.green(`${rotated} ✔`) : rotated,
  ];
  return [`${styles.cyan(name)}   ${certificate.commonName}`, parts.join('   '), ''];
}

/** Full at the beginning of a life; yellow past the two thirds at which it should be renewed. */
function renderBar(share: number, styles: Styles): string {
  const filled = Math.round(share * barWidth);
  const style = share > 1 / 3 ? styles.green : share > 0.1 ? styles.yellow : styles.red;
  return style('█'.repeat(filled)) + styles.dim('░'.repeat(barWidth - filled));
}

function renderRequests({ requests }: DemoState, styles: Styles): string {
  const failed = `${requests.failed} failed`;
  const answered = requests.kept + requests.new;
  const detail = `${requests.kept} on a kept connection, ${requests.new} on new ones`;
  return `requests   ${answered} answered (${detail}), ${requests.failed > 0 ? styles.red(failed) : failed}`;
}

export const renderEvent = (state: DemoState, { at, text }: DemoState['events'][number], styles: Styles): string =>
  `${styles.dim(formatElapsed(at - state.startedAt))}   ${text}`;

/** The last words: what was seen, and what was missing. */
export function renderSummary(state: DemoState, now: EpochMs, styles: Styles): string[] {
  const { kept, new: fresh, failed } = state.requests;
  const mark = failed === 0 && kept + fresh > 0 ? styles.green('✔') : styles.red('✘');
  return [
    '',
    ...state.pods.map(({ name, certificate, rotations }) => {
      const enough = rotations >= state.wantedRotations ? styles.green('✔') : styles.red('✘');
      return `${enough} ${certificate?.commonName ?? name}: rotated ${times(rotations)} without a restart`;
    }),
    `${mark} ${renderRequests(state, styles)}, in ${formatElapsed(now - state.startedAt)}`,
  ];
}

export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** `1:05` */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Cuts a line to so many visible characters; colour codes take no room and are closed. */
function cut(line: string, width: number): string {
  const parts = line.split(colourCode);
  let left = width;
  let result = '';
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) result += part;
    else {
      const characters = [...part];
      result += characters.slice(0, Math.max(0, left)).join('');
      left -= characters.length;
    }
  }
  return result;
}
