/** Documents that must stay in step with the code: error codes, dependencies, links, make targets. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { findImports } from '../tools/architecture/rules.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const tracked = (pattern: string): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], { cwd: root })
    .toString()
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)));

const shippedFiles = (): string[] =>
  tracked('*.ts').filter((path) => !/\.test\.ts$|^(test|tools|examples|bench)\/|\/fake-/.test(path));

describe('docs/reference/errors.md', () => {
  const listed = Array.from(read('docs/reference/errors.md').matchAll(/^\| `(ERR_[A-Z0-9_]+)`/gm), ([, code]) => code);
  const used = new Set(
    shippedFiles().flatMap((path) => Array.from(read(path).matchAll(/'(ERR_[A-Z0-9_]*[A-Z0-9])'/g), ([, c]) => c)),
  );
  const foreign = /^ERR_(TLS|SSL|OSSL|CRYPTO|FS|HTTP|INVALID|SOCKET|STREAM|SERVER|MODULE|UNKNOWN|JWS|JWT_|JOSE|JWE)/; // Node's and jose's own

  it('lists every code that the programs use', () => {
    const missing = [...used].filter((code) => code && !listed.includes(code) && !foreign.test(code));
    assert.deepEqual(missing, []);
  });
  it('lists no code that nothing uses', () => {
    assert.deepEqual(
      listed.filter((code) => !used.has(code)),
      [],
    );
  });
  it('lists each code once', () => assert.equal(new Set(listed).size, listed.length));
});

describe('docs/decisions/dependencies.md', () => {
  it('has a line for every package that shipped code imports', () => {
    const imported = shippedFiles().flatMap((path) =>
      findImports(read(path))
        .map(({ specifier }) => specifier)
        .filter((specifier) => /^(?!node:)[@a-z]/.test(specifier))
        .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')),
    );
    const text = read('docs/decisions/dependencies.md').split('## Refused')[0] ?? '';
    const listed = Array.from(text.matchAll(/^\| (@?[a-z][a-z0-9@/-]*) \|/gm), ([, name]) => name);
    assert.deepEqual(listed.filter((name) => name !== 'package').sort(), [...new Set(imported)].sort());
  });
  it('is what is true: the published package resolves nothing at run time', () => {
    assert.equal((JSON.parse(read('package.json')) as { dependencies?: object }).dependencies, undefined);
  });
});

describe('links in documents', () => {
  for (const path of tracked('*.md')) {
    it(`lead somewhere: ${path}`, () => {
      const text = read(path).replace(/```[\s\S]*?```/g, '');
      const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target ?? '').filter(
        (target) => !/^[a-z]+:|^#/.test(target),
      );
      const dead = targets.filter((target) => !existsSync(join(root, dirname(path), target.replace(/#.*/, ''))));
      assert.deepEqual(dead, []);
    });
  }
});

describe('the lock file', () => {
  it('carries no registry addresses', () => assert.ok(!/"resolved"/.test(read('package-lock.json'))));
});
