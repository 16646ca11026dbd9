/**
 * The one job of the init container: see that the volume holds a good set, or get one. Pure: the CA, the files, time
 * and randomness are ports.
 *
 *   set on the volume   fresh     keep it, ask nobody
 *                       ageing    get a new one; if that fails, keep it while it lives
 *                       otherwise get a new one, again and again until the deadline
 *
 * Keep: the volume is tried before a token is used, because a token that is spent on a certificate which cannot be
 * written is lost.
 */
import { type CertificateSet, checkCertificateSet, type SetCheck } from '../lib/certificate-files/index.ts';
import { isAppError } from '../lib/errors/index.ts';
import { enrol, gaveUp, isWorthRetrying, type PodSettings, type TokenMemory } from '../lib/pod/index.ts';
import { type BackoffPolicy, backoffMs } from '../lib/time/index.ts';
import { serialDecimal } from '../lib/x509/index.ts';
import type { BootstrapPorts } from './ports.ts';

const retryPolicy: BackoffPolicy = { firstMs: 1000, maxMs: 30_000 };
/** A freshly made token that a CA refuses this often is not refused by chance. */
const maxRefusals = 5;

export type Outcome = 'kept' | 'issued';

/**
 * @param deadlineMs how long failures that may pass are waited out; 0 tries once
 * @throws {AppError} ERR_BOOTSTRAP_DEADLINE (unavailable) with the last failure as cause, or the failure that is final
 */
export async function bootstrap(ports: BootstrapPorts, settings: PodSettings, deadlineMs: number): Promise<Outcome> {
  const { store, clock, log } = ports;
  const existing = store.read();
  const check = existing && judge(existing, settings, clock.now());
  if (check && check.kind !== 'unusable') {
    const details = { state: check.kind, ...describeLeaf(check) };
    if (check.kind === 'fresh') {
      log.info('kept the certificate that is there', details);
      return 'kept';
    }
    log.info('the certificate that is there is replaced', details);
  } else if (check) {
    log.warn('the files that are there cannot be used', { problem: check.problem });
  }
  const alive = check?.kind === 'ageing';
  try {
    // With a certificate that still works there is no need to hold up the pod.
    await replaceSet(ports, settings, alive ? 0 : deadlineMs);
    return 'issued';
  } catch (error) {
    if (!alive || !isAppError(error)) throw error;
    log.warn('kept the certificate that is there, a new one could not be had', { error, ...describeLeaf(check) });
    return 'kept';
  }
}

async function replaceSet(ports: BootstrapPorts, settings: PodSettings, deadlineMs: number): Promise<void> {
  const { store, clock, log } = ports;
  const memory: TokenMemory = { sent: false };
  const until = clock.now() + deadlineMs;
  let refusals = 0;
  let issued: CertificateSet | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      if (!issued) {
        store.probe();
        issued = await enrol(ports, settings, memory);
      }
      store.write(issued);
      report(issued, ports, settings);
      return;
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code === 'ERR_TOKEN_REFUSED') refusals++;
      if (refusals >= maxRefusals || !isWorthRetrying(error, settings.credential)) throw error;
      const waitMs = backoffMs(retryPolicy, attempt, ports.random());
      if (clock.now() + waitMs >= until) throw deadlineMs === 0 ? error : gaveUp(deadlineMs, attempt + 1, error);
      log.warn('no certificate yet, trying again', { attempt: attempt + 1, waitMs, error });
      await clock.sleep(waitMs);
    }
  }
}

function report(set: CertificateSet, { clock, log }: BootstrapPorts, settings: PodSettings): void {
  const check = judge(set, settings, clock.now());
  if (check.kind === 'unusable') {
    // It is a set all the same: a template of the CA has chosen other names.
    log.warn('the certificate is not as it was asked for', { problem: check.problem });
  } else {
    log.info('wrote a new certificate', { ...describeLeaf(check), files: settings.paths.certificate });
  }
}

function judge(set: CertificateSet, { commonName, sans, rootFingerprint }: PodSettings, now: number): SetCheck {
  return checkCertificateSet(set, { commonName, sans, rootFingerprint }, now);
}

function describeLeaf(check: SetCheck): Record<string, unknown> {
  if (check.kind === 'unusable') return {};
  const { leaf } = check.opened;
  return {
    commonName: leaf.commonName,
    serial: serialDecimal(leaf),
    notAfter: new Date(leaf.notAfter).toISOString(),
  };
}
