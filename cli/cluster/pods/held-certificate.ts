/**
 * Which certificate a pod holds. It is in no object of the API, only in the pod's own volume, so it is asked for there:
 * of the renewer's metrics where it serves them, else by reading the file in the renewer's container. That file is
 * public; the key beside it is not looked at.
 */
import { contract } from '../../../lib/admission/index.ts';
import { jitterOf, pickRenewalTime } from '../../../lib/ca-client/index.ts';
import type { EpochMs } from '../../../lib/time/index.ts';
import { listSans, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import type { Cluster } from '../cluster.ts';
import type { Container, Pod } from '../objects.ts';

export type HeldCertificate = {
  /** Absent where only metrics were asked. */
  readonly subject?: string;
  readonly sans?: readonly string[];
  readonly notAfter: EpochMs;
  /** When the renewer renews it next. */
  readonly due?: EpochMs;
  /** When it was written; absent where that is not known. */
  readonly renewed?: EpochMs;
  readonly source: 'metrics' | 'file';
};

/** The certificate, or a sentence that says why it is not known. */
export type Held = HeldCertificate | string;

/** Node is in our image, and the file's time is worth having; upstream's image has a shell's tools. */
const readWithNode = [
  '/usr/local/bin/node',
  '-e',
  'const f=require("fs"),p=process.argv[1];console.log(f.statSync(p).mtimeMs);process.stdout.write(f.readFileSync(p))',
];

export async function readHeld(cluster: Cluster, pod: Pod, renewer: Container, mayExec: boolean): Promise<Held> {
  const port = renewer.ports?.find(({ name }) => name === contract.metricsPortName)?.containerPort;
  if (port !== undefined) {
    const metrics = await cluster.proxyPod(pod, port, '/metrics');
    const held = metrics.kind === 'found' ? parseMetrics(metrics.value) : undefined;
    if (held) return held;
  }
  if (!mayExec) return port === undefined ? 'its renewer serves no metrics' : 'its metrics cannot be read';
  return readFile(cluster, pod, renewer);
}

async function readFile(cluster: Cluster, pod: Pod, renewer: Container): Promise<Held> {
  const path = renewer.env?.find(({ name }) => name === 'CRT')?.value ?? `${contract.certsMountPath}/site.crt`;
  let why = '';
  for (const command of [
    [...readWithNode, path],
    ['cat', path],
  ]) {
    const answer = await cluster.exec(pod, renewer.name, command);
    if (answer.kind !== 'found') return answer.kind === 'missing' ? 'the container is not there' : answer.why;
    const { exitCode, stdout, stderr, problem } = answer.value;
    if (exitCode === 0) return parseOutput(stdout.toString());
    why = stderr.trim().split('\n').at(-1) || problem;
  }
  return why;
}

/** Exported for its test. What Node printed, the time first, or the file alone. */
export function parseOutput(text: string): Held {
  const [, time] = /^(\d+(?:\.\d+)?)\n/.exec(text) ?? [];
  try {
    const [leaf] = parseCertificateChainPem(text.slice(time === undefined ? 0 : time.length + 1));
    if (!leaf) return 'there is no certificate in its file';
    const { commonName: subject, sans, notAfter, serial } = leaf;
    const due = pickRenewalTime(leaf, jitterOf(serial)); // the same moment as the renewer comes to
    const renewed = time === undefined ? {} : { renewed: Math.floor(Number(time)) };
    return { subject, sans: listSans(sans), notAfter, due, ...renewed, source: 'file' };
  } catch {
    return 'its file cannot be read as a certificate';
  }
}

/** Exported for its test. Undefined when the renewer has no certificate yet, or it is not the renewer's metrics. */
export function parseMetrics(text: string): HeldCertificate | undefined {
  const value = (name: string): EpochMs => {
    const [, seconds = '0'] = new RegExp(`^autocert_renewer_${name}_seconds (\\S+)$`, 'm').exec(text) ?? [];
    return Number(seconds) * 1000;
  };
  const [notAfter, due, renewed] = [value('certificate_not_after'), value('next_renewal'), value('last_renewal')];
  if (!(notAfter > 0)) return undefined;
  return { notAfter, ...(due > 0 ? { due } : {}), ...(renewed > 0 ? { renewed } : {}), source: 'metrics' };
}
