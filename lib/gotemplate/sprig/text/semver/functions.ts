/** sprig: versions, with their methods, and whether they are wanted. */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import { Integer, type Method, Struct, type TypedMethod, type Value } from '../../../values.ts';
import { fixed, type Named, textArgument } from '../../data/declare.ts';
import { walk } from '../made.ts';
import { satisfiesConstraints } from './constraints.ts';
import { compareVersions, formatVersion, parseVersion, type Version } from './version.ts';

/** *semver.Version, or what a method makes of it, which has fewer methods. */
class VersionValue extends Struct {
  readonly version: Version;
  constructor(version: Version, pointer: boolean) {
    const text = formatVersion(version);
    super('semver.Version', {}, { pointer, methods: pointer ? pointerMethods : methods, text, jsonValue: text });
    this.version = version;
  }
}

const method = (call: (version: Version) => Value): TypedMethod => ({
  parameters: [],
  call: (receiver, _, budget) => {
    budget.step();
    return receiver instanceof VersionValue ? call(receiver.version) : null;
  },
});

/** The next version; the letter before it stays. */
function raised(version: Version, change: Partial<Version>): VersionValue {
  const next = { ...version, ...change };
  const letter = version.original.startsWith('v') ? 'v' : '';
  return new VersionValue({ ...next, original: letter + formatVersion(next) }, false);
}

const uint64 = (value: bigint): Integer => new Integer('uint64', BigInt.asUintN(64, value));

const methods: Readonly<Record<string, Method>> = {
  String: method(formatVersion),
  Major: method(({ major }) => uint64(major)),
  Minor: method(({ minor }) => uint64(minor)),
  Patch: method(({ patch }) => uint64(patch)),
  Prerelease: method(({ prerelease }) => prerelease),
  Metadata: method(({ metadata }) => metadata),
  IncPatch: method((version) =>
    raised(version, {
      patch: version.prerelease === '' ? BigInt.asUintN(64, version.patch + 1n) : version.patch,
      prerelease: '',
      metadata: '',
    }),
  ),
  IncMinor: method((version) =>
    raised(version, { minor: BigInt.asUintN(64, version.minor + 1n), patch: 0n, prerelease: '', metadata: '' }),
  ),
  IncMajor: method((version) =>
    raised(version, {
      major: BigInt.asUintN(64, version.major + 1n),
      minor: 0n,
      patch: 0n,
      prerelease: '',
      metadata: '',
    }),
  ),
};

const comparing = (decide: (order: number) => Value): TypedMethod => ({
  parameters: ['*semver.Version'],
  call: (receiver, [other], budget) => {
    if (!(receiver instanceof VersionValue) || !(other instanceof VersionValue)) throw new FunctionError('no version');
    budget.step(1 + ((receiver.version.prerelease.length + other.version.prerelease.length) >> 3));
    return decide(compareVersions(receiver.version, other.version));
  },
});

const pointerMethods: Readonly<Record<string, Method>> = {
  ...methods,
  Original: method(({ original }) => original),
  Compare: comparing((order) => BigInt(order)),
  Equal: comparing((order) => order === 0),
  LessThan: comparing((order) => order < 0),
  LessThanEqual: comparing((order) => order <= 0),
  GreaterThan: comparing((order) => order > 0),
  GreaterThanEqual: comparing((order) => order >= 0),
};

function versionOf(text: string, budget: Budget): VersionValue {
  walk(text, budget);
  budget.make(2 * text.length);
  return new VersionValue(parseVersion(text, budget), true);
}

export const semverFunctions: Named = {
  semver: fixed(['string'], ([text], budget) => versionOf(textArgument(text), budget)),
  semverCompare: fixed(['string', 'string'], ([constraints, version], budget) =>
    satisfiesConstraints(textArgument(constraints), textArgument(version), budget),
  ),
};
