/**
 * Where a rollover stands, and what may be done next. Pure. Nothing is remembered in a file: the certificates say it.
 *
 *   settled   one root, which the issuing certificate leads to
 *   prepared  a newer root of the same name is trusted too; the old one still issues
 *   switched  the newer root issues; the old one is still trusted
 *
 * Keep: between two steps lies the longest life of a certificate. By then every client has renewed at least once, and
 * fetched the roots with it, or its certificate has ended.
 */
import type { EpochMs } from '../../lib/time/index.ts';
import { type Certificate, verifyChain } from '../../lib/x509/index.ts';
import { wrongPhase } from './errors.ts';

export type Situation = {
  /** The issuing certificate, then what is served after it. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly roots: readonly Certificate[];
  /** The longest life of a leaf that any provisioner may give. */
  readonly longestLifeMs: number;
};

export type Phase = {
  /** The root that the issuing certificate leads to. */
  readonly root: Certificate;
} & (
  | { readonly kind: 'settled' }
  | { readonly kind: 'prepared'; readonly next: Certificate; readonly switchFrom: EpochMs }
  | { readonly kind: 'switched'; readonly old: readonly Certificate[]; readonly removeFrom: EpochMs }
);

/** A new intermediate begins this much earlier, as leaves do: it is used at once, and clocks of clients may lag. */
export const backdateMs = 60_000;

/** @throws {AppError} ERR_CHAIN_… (unauthenticated) when the issuing certificate leads to no root */
export function decidePhase({ chain, roots, longestLifeMs }: Situation, now: EpochMs): Phase {
  const [issuer, ...above] = chain;
  const within = Math.min(Math.max(now, issuer.notBefore), issuer.notAfter); // one that has ended can be replaced too
  const root = verifyChain(issuer, above, roots, within).at(-1) ?? issuer;
  // Others with this name: generations of it. Roots with another name are no part of a rollover.
  const generations = roots.filter((other) => !other.der.equals(root.der) && other.subjectDer.equals(root.subjectDer));
  const next = generations
    .filter(({ notBefore }) => notBefore >= root.notBefore)
    .sort(byStart)
    .at(-1);
  if (next) return { kind: 'prepared', root, next, switchFrom: next.notBefore + longestLifeMs };
  if (generations.length === 0) return { kind: 'settled', root };
  return { kind: 'switched', root, old: generations, removeFrom: issuer.notBefore + backdateMs + longestLifeMs };
}

/** @throws {AppError} ERR_ROLLOVER_PHASE (conflict) */
export function requirePhase<Kind extends Phase['kind']>(phase: Phase, wanted: Kind): Extract<Phase, { kind: Kind }> {
  if (phase.kind === wanted) return phase as Extract<Phase, { kind: Kind }>;
  const next = nextCommand[phase.kind];
  throw wrongPhase(
    `${descriptions[phase.kind]}, so this step does not come now`,
    `next comes: autocert ca rollover ${next}`,
  );
}

export const descriptions: Readonly<Record<Phase['kind'], string>> = {
  settled: 'one root is trusted, and it issues',
  prepared: 'a new root is trusted beside the old one, which still issues',
  switched: 'the new root issues, and the old one is still trusted',
};

export const nextCommand: Readonly<Record<Phase['kind'], string>> = {
  settled: 'add-root',
  prepared: 'switch-root',
  switched: 'remove-root',
};

const byStart = (first: Certificate, second: Certificate): number => first.notBefore - second.notBefore;
