/** A pod and what it holds, as one line. Pure. */
import { annotations } from '../../../lib/admission/index.ts';
import type { EpochMs } from '../../../lib/time/index.ts';
import type { AskingPod } from '../asking-pods.ts';
import type { Container, ContainerStatus } from '../objects.ts';
import type { Held } from './held-certificate.ts';

type State = 'valid' | 'overdue' | 'expired' | 'no renewer' | 'waiting' | 'not injected' | 'unknown';

export type Row = {
  readonly namespace: string;
  readonly pod: string;
  /** Of the certificate; where that is not known, as asked for. */
  readonly subject: string;
  readonly sans: readonly string[];
  readonly notAfter?: EpochMs;
  readonly renewed?: EpochMs;
  readonly due?: EpochMs;
  readonly state: State;
  /** Why, where the state is not `valid`. */
  readonly note?: string;
};

/** A renewal that is due takes its moment, and clocks differ. */
const slackMs = 60_000;

export type Names = { readonly bootstrapper: string; readonly renewer: string };

/** The container to ask, when there is one and it runs. */
export function runningRenewer({ pod }: AskingPod, names: Names): Container | undefined {
  const { spec, status } = pod;
  const container = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(
    ({ name }) => name === names.renewer,
  );
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return statuses.some(({ name, state }) => name === names.renewer && state?.running) ? container : undefined;
}

/** @param held undefined when nothing was asked */
export function buildRow(asking: AskingPod, held: Held | undefined, names: Names, now: EpochMs): Row {
  const { metadata } = asking.pod;
  const values = metadata.annotations ?? {};
  const wanted = values[annotations.name] ?? '';
  const sans = (values[annotations.sans] ?? '')
    .split(',')
    .map((san) => san.trim())
    .filter((san) => san !== '');
  const asked = { subject: wanted, sans: sans.length === 0 ? [wanted] : sans };
  const place = { namespace: metadata.namespace ?? '', pod: metadata.name ?? '' };
  if (held === undefined || typeof held === 'string')
    return { ...place, ...asked, ...explainAbsence(asking, held, names) };
  const { subject = asked.subject, notAfter, renewed, due } = held;
  const times = { notAfter, ...(renewed === undefined ? {} : { renewed }), ...(due === undefined ? {} : { due }) };
  return { ...place, subject, sans: held.sans ?? asked.sans, ...times, ...judge(held, now) };
}

function explainAbsence(
  { pod, injected }: AskingPod,
  held: string | undefined,
  names: Names,
): Pick<Row, 'state' | 'note'> {
  if (!injected)
    return { state: 'not injected', note: `autocert explain pod/${pod.metadata.name} -n ${pod.metadata.namespace}` };
  if (held !== undefined) return { state: 'unknown', note: held };
  const { spec, status } = pod;
  const bootstrapper = status?.initContainerStatuses?.find(({ name }) => name === names.bootstrapper);
  if (bootstrapper?.state?.terminated?.exitCode !== 0) return { state: 'waiting', note: describeWait(bootstrapper) };
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  if (!all.some(({ name }) => name === names.renewer)) {
    return { state: 'no renewer', note: 'got its certificate at the start, and nobody renews it' };
  }
  return { state: 'unknown', note: 'its renewer does not run' };
}

/** What keeps the init container, in its own last words where it has left some. */
function describeWait(status: ContainerStatus | undefined): string {
  const said = status?.state?.terminated?.message ?? status?.lastState?.terminated?.message;
  return said?.trim() || (status?.state?.waiting?.reason ?? 'for its first certificate');
}

function judge({ notAfter, due }: Exclude<Held, string>, now: EpochMs): Pick<Row, 'state' | 'note'> {
  if (notAfter <= now) return { state: 'expired', note: 'see the log of its renewer' };
  return due !== undefined && now > due + slackMs
    ? { state: 'overdue', note: 'should have been renewed: see the log of its renewer' }
    : { state: 'valid' };
}
