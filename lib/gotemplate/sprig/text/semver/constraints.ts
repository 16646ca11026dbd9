/**
 * Constraints on versions as Masterminds/semver 3.3.1 has them: `>=1.2 <3 || 1.x`, `~1.2`, `^0.3`, `1.2 - 1.4`. A version
 * with a prerelease satisfies only those that name one.
 */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import { pattern } from './patterns.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

type Constraint = {
  readonly operator: string;
  readonly version: Version;
  /** Which numbers are left open, the lowest of them: `1.x` leaves `minor` open. */
  readonly open: 'none' | 'patch' | 'minor' | 'major';
};

const isWild = (text: string): boolean => text === '' || /^\.?[xX*]$/.test(text);

/** Two versions with a hyphen between them are the ends of a range. */
function withRangesWritten(text: string, budget: Budget): string {
  let written = text;
  for (const [whole = '', from = '', ...others] of pattern('range', budget).allSubmatches(text)) {
    budget.make(written.length + whole.length);
    written = written.replace(whole, () => `>= ${from}, <= ${others[upperEnd] ?? ''} `);
  }
  return written;
}

/** Of the groups behind the first version. */
const upperEnd = 9;

const improper = (text: string): FunctionError => new FunctionError(`improper constraint: ${text}`);

function parseConstraint(text: string, budget: Budget): Constraint {
  const groups = pattern('constraint', budget).submatches(text);
  if (!groups) throw improper(text);
  const [, operator = '', whole = '', major = '', minor = '', patch = '', prerelease = ''] = groups;
  const [open, written] = isWild(major)
    ? (['major', `0.0.0${prerelease}`] as const)
    : isWild(minor)
      ? (['minor', `${major}.0.0${prerelease}`] as const)
      : isWild(patch)
        ? (['patch', `${major}${minor}.0${prerelease}`] as const)
        : (['none', whole] as const);
  try {
    return { operator, version: parseVersion(written, budget), open };
  } catch (error) {
    if (error instanceof FunctionError) throw new FunctionError('constraint Parser Error');
    throw error;
  }
}

/** Any of which is enough; of each all have to hold. */
function parseConstraints(text: string, budget: Budget): Constraint[][] {
  return withRangesWritten(text, budget)
    .split('||')
    .map((part) => {
      if (!pattern('valid', budget).matches(part)) throw improper(part);
      return pattern('constraints', budget)
        .findAll(part, -1n)
        .map((each) => parseConstraint(each, budget));
    });
}

type Check = (version: Version, constraint: Constraint) => boolean;

const compared = (version: Version, { version: wanted }: Constraint): number => compareVersions(version, wanted);

const isEqual: Check = (version, constraint) =>
  constraint.open === 'none' ? compared(version, constraint) === 0 : isNear(version, constraint);

const isDifferent: Check = (version, constraint) => {
  const { version: wanted, open } = constraint;
  if (open === 'none' || open === 'major') return compared(version, constraint) !== 0;
  if (version.major !== wanted.major) return true;
  if (open === 'minor') return false;
  if (version.minor !== wanted.minor) return true;
  return (
    (version.prerelease !== '' || wanted.prerelease !== '') &&
    compareVersions({ ...version, patch: 0n }, { ...wanted, patch: 0n }) !== 0
  );
};

const isAbove: Check = (version, constraint) => {
  const { version: wanted, open } = constraint;
  if (open === 'none' || version.major !== wanted.major) return compared(version, constraint) > 0;
  if (open === 'minor') return false;
  return open === 'patch' ? version.minor > wanted.minor : compared(version, constraint) > 0;
};

const isAtMost: Check = (version, constraint) => {
  const { version: wanted, open } = constraint;
  if (open === 'none') return compared(version, constraint) <= 0;
  if (version.major !== wanted.major) return version.major < wanted.major;
  return version.minor <= wanted.minor || open === 'minor';
};

/** `~`: the same down to the last number but one that is written. */
const isNear: Check = (version, constraint) => {
  const { version: wanted, open } = constraint;
  if (compared(version, constraint) < 0) return false;
  const isAny = wanted.major === 0n && wanted.minor === 0n && wanted.patch === 0n;
  if (isAny && open !== 'minor' && open !== 'patch') return true;
  return version.major === wanted.major && (version.minor === wanted.minor || open === 'minor');
};

/** `^`: the same down to the first number that is not zero. */
const isCompatible: Check = (version, constraint) => {
  const { version: wanted, open } = constraint;
  if (compared(version, constraint) < 0) return false;
  if (wanted.major > 0n || open === 'minor') return version.major === wanted.major;
  if (version.major > 0n) return false;
  if (wanted.minor > 0n || open === 'patch') return version.minor === wanted.minor;
  return version.minor === 0n && version.patch === wanted.patch;
};

const checks: Readonly<Record<string, Check>> = {
  '': isEqual,
  '=': isEqual,
  '!=': isDifferent,
  '>': isAbove,
  '<': (version, constraint) => compared(version, constraint) < 0,
  '>=': (version, constraint) => compared(version, constraint) >= 0,
  '=>': (version, constraint) => compared(version, constraint) >= 0,
  '<=': isAtMost,
  '=<': isAtMost,
  '~': isNear,
  '~>': isNear,
  '^': isCompatible,
};

function satisfies(version: Version, constraint: Constraint): boolean {
  const asksForPrereleases = constraint.version.prerelease !== '';
  const isExactlyNot = constraint.operator === '!=' && constraint.open === 'none';
  if (version.prerelease !== '' && !asksForPrereleases && !isExactlyNot) return false;
  return checks[constraint.operator]?.(version, constraint) ?? false;
}

/** @throws {FunctionError} when either is not written as it should be */
export function satisfiesConstraints(constraints: string, version: string, budget: Budget): boolean {
  const parsed = parseConstraints(constraints, budget);
  const given = parseVersion(version, budget);
  return parsed.some((all) => all.every((each) => satisfies(given, each)));
}
