/**
 * The directions of imports and the places of side effects, as rules over source text. Pure: takes files, returns
 * violations. What the rules protect is in docs/architecture.md.
 */
import { posix } from 'node:path';

export type SourceFile = { readonly path: string; readonly text: string };
export type Violation = { readonly path: string; readonly line: number; readonly problem: string };
type Import = { readonly specifier: string; readonly line: number; readonly typeOnly: boolean };

/** Folders at the top that are programs: they share code through lib/ only. */
export const programs = ['webhook', 'init-container', 'renewer', 'ca', 'sds', 'cli'] as const;

/** A module of lib/ may import modules of a lower rank only. */
const libRanks: Readonly<Record<string, number>> = {
  errors: 0,
  time: 1,
  encoding: 2,
  log: 2,
  crypto: 3,
  x509: 4,
  jwt: 4,
  gotemplate: 2,
  'jwk-provisioner': 5,
  'ca-client': 5,
  'certificate-files': 5,
  http: 5,
  kubernetes: 5,
  pod: 6,
  admission: 6,
};

/** Programs that live in other people's pods: nothing from npm. */
const podPrograms = ['init-container/', 'renewer/'];

/** Where the outside world may be touched. Everything else is pure and takes ports. */
const effectful = [
  /(^|\/)main\.ts$/,
  /(^|\/)server\.ts$/,
  /(^|\/)adapters\//,
  /^lib\/(time|crypto|certificate-files|http|ca-client|kubernetes|log|pod)\//,
  /^ca\/(init|keys|operations|rollover|store)\//,
  /^cli\//,
  /^(tools|test|examples|bench)\//,
];

/** Parts of programs that decide and never act; they may not even import an adapter. */
const pureParts = [/^webhook\/(bootstrap|tokens)\//, /^ca\/authority\//];

const effects: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /\bfrom 'node:(fs|fs\/promises|net|tls|http|https|http2|child_process|dgram|dns)'/, name: 'IO' },
  { pattern: /\bprocess\.(env|argv|exit|exitCode|on|kill|cwd|stdout|stderr)\b/, name: 'process' },
  { pattern: /\bDate\.now\(\)|\bnew Date\(\)/, name: 'the current time' },
  { pattern: /\bMath\.random\(\)/, name: 'randomness' },
  { pattern: /(?<![.\w])(setTimeout|setInterval|fetch)\(/, name: 'timers or the network' },
];

/** Tells the form of an address and opens no socket. */
const pureOfNet = /^import \{( isIP(v[46])?,?)+ \} from 'node:net'/;

/** Every violation in the given files. */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => [...importViolations(file), ...effectViolations(file)]);
}

function importViolations(file: SourceFile): Violation[] {
  const problems: Violation[] = [];
  for (const { specifier, line, typeOnly } of findImports(file.text)) {
    const problem = specifier.startsWith('.')
      ? relativeImportProblem(file.path, posix.join(posix.dirname(file.path), specifier))
      : packageImportProblem(file.path, specifier, typeOnly);
    if (problem) problems.push({ path: file.path, line, problem });
  }
  return problems;
}

function relativeImportProblem(from: string, to: string): string | undefined {
  const [source = '', sourceModule = ''] = from.split('/');
  const [target = '', targetModule = ''] = to.split('/');
  const test = isTest(from);
  if (target === 'tools' || target === 'test') {
    return test || source === 'tools' || source === 'bench' ? undefined : `${from} is shipped and ${to} is not`;
  }
  if (target === 'lib') {
    const same = source === 'lib' && sourceModule === targetModule;
    const fake = test && posix.basename(to).startsWith('fake-');
    if (!same && !fake && posix.basename(to) !== 'index.ts') return `lib/${targetModule} is used through its index.ts`;
    if (source === 'lib' && !same && !test) return rankProblem(sourceModule, targetModule);
    return undefined;
  }
  if (source === 'lib') return `lib/ never imports a program, and ${to} is outside lib/`;
  const programsMeet = isProgram(source) && isProgram(target) && source !== target;
  if (programsMeet && !test) return `${source}/ and ${target}/ are programs; what they share belongs in lib/`;
  if (!test && pureParts.some((part) => part.test(from)) && /(^|\/)(adapters|api|store|server\.ts)(\/|$)/.test(to)) {
    return `${from} is pure logic; it owns a port that ${to} implements`;
  }
  return undefined;
}

function rankProblem(from: string, to: string): string | undefined {
  const [source, target] = [libRanks[from], libRanks[to]];
  if (source === undefined) return `lib/${from} has no rank in tools/architecture/rules.ts`;
  if (target === undefined) return `lib/${to} has no rank in tools/architecture/rules.ts`;
  return target < source ? undefined : `lib/${from} (rank ${source}) may not import lib/${to} (rank ${target})`;
}

function packageImportProblem(from: string, specifier: string, typeOnly: boolean): string | undefined {
  if (specifier.startsWith('node:') || isTest(from)) return undefined;
  if (podPrograms.some((program) => from.startsWith(program))) return `a pod program takes nothing from npm`;
  if (specifier === '@kubernetes/client-node' && !typeOnly && !from.startsWith('lib/kubernetes/')) {
    return 'the Kubernetes client is used through lib/kubernetes (its types may be imported)';
  }
  return undefined;
}

function effectViolations(file: SourceFile): Violation[] {
  if (isTest(file.path) || effectful.some((place) => place.test(file.path))) return [];
  return file.text.split('\n').flatMap((text, index) => {
    if (/^\s*(\*|\/\/|\/\*)/.test(text) || /^import type\b/.test(text) || pureOfNet.test(text)) return [];
    return effects
      .filter(({ pattern }) => pattern.test(text))
      .map(({ name }) => ({ path: file.path, line: index + 1, problem: `touches ${name}; take a port instead` }));
  });
}

/** Static, re-exporting and dynamic imports with a literal specifier. */
export function findImports(text: string): Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)|\n\s*import\s+'([^']+)'/g;
  return Array.from(text.matchAll(pattern), (match) => ({
    specifier: match[2] ?? match[3] ?? match[4] ?? '',
    typeOnly: match[1] !== undefined,
    line: text.slice(0, match.index + match[0].length).split('\n').length,
  }));
}

const isProgram = (folder: string): boolean => (programs as readonly string[]).includes(folder);
const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.startsWith('test/') || /\/fake-[^/]+$/.test(path);
