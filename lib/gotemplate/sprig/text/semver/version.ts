/** Versions as Masterminds/semver 3.3.1 reads them (`v1.2` is 1.2.0), and their order. */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import { parseInteger } from '../../../text/numbers.ts';
import { quote } from '../../../text/quoting.ts';
import { pattern } from './patterns.ts';

export type Version = {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
  /** As it was written. */
  readonly original: string;
};

const invalid = 'Invalid Semantic Version';

/** @throws {FunctionError} in Go's words */
export function parseVersion(text: string, budget: Budget): Version {
  const groups = pattern('version', budget).submatches(text);
  if (!groups) throw new FunctionError(invalid);
  const [, major = '', minor = '', patch = '', prerelease = '', metadata = ''] = groups;
  return {
    major: segment(major),
    minor: segment(minor || '0'),
    patch: segment(patch || '0'),
    prerelease,
    metadata,
    original: text,
  };
}

function segment(digits: string): bigint {
  const { value, problem } = parseInteger(digits, 10, 64, false);
  if (problem) {
    throw new FunctionError(
      `Error parsing version segment: strconv.ParseUint: parsing ${quote(digits)}: value out of range`,
    );
  }
  return value;
}

export function formatVersion({ major, minor, patch, prerelease, metadata }: Version): string {
  return `${major}.${minor}.${patch}${prerelease && `-${prerelease}`}${metadata && `+${metadata}`}`;
}

const order = <T extends bigint | string | number>(left: T, right: T): number =>
  left < right ? -1 : left > right ? 1 : 0;

/** Negative, zero or positive; what is behind a plus does not count. */
export function compareVersions(left: Version, right: Version): number {
  return (
    order(left.major, right.major) ||
    order(left.minor, right.minor) ||
    order(left.patch, right.patch) ||
    comparePrereleases(left.prerelease, right.prerelease)
  );
}

/** None is higher than any. */
function comparePrereleases(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '' || right === '') return left === '' ? 1 : -1;
  const [lefts, rights] = [left.split('.'), right.split('.')];
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const result = compareIdentifiers(lefts[index] ?? '', rights[index] ?? '');
    if (result !== 0) return result;
  }
  return 0;
}

/** Those that are missing are the lowest, then come numbers. */
function compareIdentifiers(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '' || right === '') return left === '' ? -1 : 1;
  const [leftNumber, rightNumber] = [left, right].map((each) => parseInteger(each, 10, 64, false));
  if (!leftNumber || leftNumber.problem) {
    return !rightNumber || rightNumber.problem ? (left > right ? 1 : -1) : 1;
  }
  if (!rightNumber || rightNumber.problem) return -1;
  return leftNumber.value > rightNumber.value ? 1 : -1;
}
