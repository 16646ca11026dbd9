/** An explanation as text for people, and as data for programs. Pure. */
import { contract } from '../../../lib/admission/index.ts';
import { renderTable } from '../../terminal/table.ts';
import type { Styles } from '../../terminal/terminal.ts';
import type { Explanation, Verdict } from './explain.ts';

/** With the pod as their subject. */
const headlines: Readonly<Record<Verdict, string>> = {
  inject: 'gets a certificate',
  injected: 'is injected already',
  'not-asked': 'asks for no certificate',
  'not-called': 'gets no certificate: the API server does not ask the webhook about it',
  skip: 'gets no certificate',
  deny: 'is refused',
};

export function renderExplanation(explanation: Explanation, styles: Styles): string {
  const { subject, verdict, past } = explanation;
  const title = styles.bold(`${subject.kind} ${subject.namespace}/${subject.name}`);
  const good = verdict === 'inject' || verdict === 'injected';
  const colour = good ? styles.green : verdict === 'not-asked' && !subject.misplaced ? styles.dim : styles.red;
  const [headline, then] = past
    ? [styles.red('has no certificate'), `created anew it ${headlines[verdict]}`]
    : [colour(headlines[verdict]), undefined];
  const rows = [
    ...(past ? [row('why', past.why), row('remedy', past.remedy), row('then', then)] : []),
    row('why', explanation.why),
    row('remedy', explanation.remedy),
    row('code', verdict === 'deny' ? explanation.code : undefined),
    ...planRows(explanation),
    ...explanation.warnings.map((warning) => row('warning', styles.yellow(warning))),
  ].filter((cells) => cells !== undefined);
  return `${title} ${headline}\n${rows.length === 0 ? '' : `${renderTable(rows, { indent: 2 })}\n`}`;
}

const row = (label: string, text: string | undefined): readonly [string, string] | undefined =>
  text === undefined ? undefined : [label, text];

function planRows({ plan, wish, lifetime }: Explanation): (readonly [string, string] | undefined)[] {
  if (!plan || !wish) return [];
  const { layout, tokenMode, nativeSidecar, keyMode } = plan;
  const containers = layout.containers.map(({ container: { role, template } }) => {
    const kind = role === 'bootstrapper' ? 'init container' : nativeSidecar ? 'native sidecar' : 'sidecar';
    return row('adds', `${kind} ${template.name} (${template.image})`);
  });
  const mounted = layout.mounts.map(({ list, index }) => containerNames(layout.podSpec[list])[index]);
  return [
    row('subject', wish.subject),
    row('names', wish.sans.join(', ')),
    row('lifetime', lifetime ?? "as the CA's provisioner says"),
    row('token', tokenMode === 'secret' ? 'in a Secret, made at admission' : "by the pod's own ServiceAccount token"),
    ...containers,
    row('mounts', mounted.length === 0 ? undefined : `${contract.certsMountPath} in ${mounted.join(', ')}`),
    row('key mode', wish.mode ?? keyMode),
  ];
}

const containerNames = (list: unknown): string[] =>
  Array.isArray(list) ? list.map((container: { readonly name?: unknown }) => String(container.name)) : [];

/** Stable: members are added, not renamed. */
export function toData({ subject, verdict, code, why, remedy, past, warnings, wish, lifetime, patch }: Explanation) {
  const { kind, namespace, name } = subject;
  const certificate = wish && { subject: wish.subject, sans: wish.sans, duration: lifetime };
  return { kind, namespace, name, verdict, code, why, remedy, past, certificate, warnings, patch };
}
