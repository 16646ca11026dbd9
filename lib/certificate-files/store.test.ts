import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isAppError } from '../errors/index.ts';
import { Crash, closedToOwner, crashingFiles, failingFiles, quickFiles } from './fake-faults.ts';
import {
  type CertificatePaths,
  type CertificateSet,
  pathsIn,
  probeVolume,
  readCertificateSet,
  recoverCertificateSet,
  validatePaths,
  type WriteMode,
  type WriteOptions,
  writeCertificateSet,
} from './index.ts';

/** Texts of different lengths, so that what is left of a longer one shows. */
const older: CertificateSet = { rootPem: 'root-1\n', chainPem: 'chain-1 and more\n'.repeat(9), keyPem: 'key-1 long\n' };
const newer: CertificateSet = { rootPem: 'root-2 two\n', chainPem: 'chain-2\n', keyPem: 'key-2\n' };

const optionsOf = (mode: WriteMode): WriteOptions => ({ mode, publicMode: 0o644, keyMode: 0o600 });

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a program sees that opens the three names; undefined where one is missing. */
function readNames(paths: CertificatePaths): CertificateSet | undefined {
  const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const [rootPem, chainPem, keyPem] = [read(paths.root), read(paths.certificate), read(paths.key)];
  return rootPem && chainPem && keyPem ? { rootPem, chainPem, keyPem } : undefined;
}

function spread(folder: string): CertificatePaths {
  for (const name of ['tls', 'private', 'trust']) mkdirSync(join(folder, name));
  return {
    root: join(folder, 'trust', 'ca.pem'),
    certificate: join(folder, 'tls', 'tls.crt'),
    key: join(folder, 'private', 'tls.key'),
  };
}

function writePlain(paths: CertificatePaths, set: CertificateSet): void {
  writeFileSync(paths.root, set.rootPem, { mode: 0o644 });
  writeFileSync(paths.certificate, set.chainPem, { mode: 0o644 });
  writeFileSync(paths.key, set.keyPem, { mode: 0o640 });
}

const layouts: [string, (folder: string) => CertificatePaths][] = [
  ['one folder', pathsIn],
  ['several folders', spread],
];
const histories: [string, CertificateSet | undefined, (paths: CertificatePaths) => void][] = [
  ['an empty volume', undefined, () => {}],
  ['plain files of upstream', older, (paths) => writePlain(paths, older)],
  ['an atomic set', older, (paths) => writeCertificateSet(paths, older, optionsOf('atomic'), quickFiles)],
  ['an in-place set', older, (paths) => writeCertificateSet(paths, older, optionsOf('in-place'), quickFiles)],
];

for (const mode of ['atomic', 'in-place'] as const) {
  describe(`writeCertificateSet, ${mode}`, () => {
    for (const [layout, pathsOf] of layouts) {
      for (const [history, before, prepare] of histories) {
        it(`writes over ${history}, ${layout}, and leaves nothing else`, (t) => {
          const paths = pathsOf(temporaryFolder(t));
          prepare(paths);
          writeCertificateSet(paths, newer, optionsOf(mode));
          assert.deepEqual(readNames(paths), newer);
          assert.deepEqual(readCertificateSet(paths), newer);
          assert.equal(statSync(paths.key).mode & 0o777, 0o600);
          assert.equal(statSync(paths.certificate).mode & 0o777, 0o644);
          assertTidy(paths);
        });

        it(`leaves a matching set wherever it is killed, over ${history}, ${layout}`, (t) => {
          const parent = temporaryFolder(t);
          let points = 0;
          for (let after = 0; ; after++) {
            const folder = join(parent, `crash-${after}`);
            mkdirSync(folder);
            const paths = pathsOf(folder);
            prepare(paths);
            const { files, crashed } = crashingFiles(after);
            try {
              writeCertificateSet(paths, newer, optionsOf(mode), files);
            } catch (error) {
              assert.ok(hasCrash(error), String(error));
            }
            if (!crashed()) break;
            points++;
            const where = `killed after ${after} operations`;
            if (mode === 'atomic' && layout === 'one folder') assertOneOf(readNames(paths), before, newer, where);
            const seen = readCertificateSet(paths);
            assertOneOf(seen, before, newer, where);
            recoverCertificateSet(paths, optionsOf(mode), quickFiles);
            assertOneOf(readNames(paths), seen, seen, `${where}, recovered`);
            assertTidy(paths);
            rmSync(folder, { recursive: true });
          }
          assert.ok(points > 20, `${points} crash points`);
        });

        it(`keeps the old set when the disk is full at any operation, over ${history}, ${layout}`, (t) => {
          const parent = temporaryFolder(t);
          for (let at = 1; ; at++) {
            const folder = join(parent, `full-${at}`);
            mkdirSync(folder);
            const paths = pathsOf(folder);
            prepare(paths);
            const { files, failed } = failingFiles(at, 'ENOSPC');
            let refusal: unknown;
            try {
              writeCertificateSet(paths, newer, optionsOf(mode), files);
            } catch (error) {
              refusal = error;
            }
            if (!failed()) break;
            if (refusal) assert.ok(isAppError(refusal, 'ERR_VOLUME_FULL'), String(refusal));
            // An error after the new set is in place (clean-up) may go unseen; one before must change nothing.
            const expected = refusal ? before : newer;
            assertOneOf(readCertificateSet(paths), expected, newer, `full at ${at}`);
            assertOneOf(readNames(paths), expected, newer, `full at ${at}`);
            writeCertificateSet(paths, newer, optionsOf(mode), quickFiles);
            assert.deepEqual(readNames(paths), newer);
            assertTidy(paths);
            rmSync(folder, { recursive: true });
          }
        });
      }
    }
  });
}

function hasCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && hasCrash(error.cause));
}

function assertOneOf(
  found: CertificateSet | undefined,
  a: CertificateSet | undefined,
  b: CertificateSet | undefined,
  where: string,
): void {
  if (JSON.stringify(found) === JSON.stringify(a)) return;
  assert.deepEqual(found, b, where);
}

/** Nothing of ours but one generation and its link. */
function assertTidy(paths: CertificatePaths): void {
  for (const path of Object.values(paths)) {
    const folder = join(path, '..');
    const ours = readdirSync(folder).filter((name) => name.startsWith('..') || name.endsWith('.autocert-tmp'));
    const current = existsSync(join(folder, '..data')) ? readlinkSync(join(folder, '..data')) : undefined;
    assert.deepEqual(
      ours.filter((name) => name !== '..data' && name !== current),
      [],
    );
  }
}

describe('mode atomic', () => {
  it('shows the three names through one link', (t) => {
    const folder = temporaryFolder(t);
    writeCertificateSet(pathsIn(folder), newer, optionsOf('atomic'));
    assert.equal(readlinkSync(join(folder, 'site.key')), '..data/site.key');
    assert.match(readlinkSync(join(folder, '..data')), /^\.\.\d{4}(_\d\d){5}\.\w+$/);
    assert.equal(statSync(join(folder, '..data')).mode & 0o777, 0o755);
  });

  it('keeps the generation that a reader has open readable until it closes it', (t) => {
    const paths = pathsIn(temporaryFolder(t));
    writeCertificateSet(paths, older, optionsOf('atomic'));
    const inode = statSync(paths.certificate).ino;
    writeCertificateSet(paths, newer, optionsOf('atomic'));
    assert.notEqual(statSync(paths.certificate).ino, inode);
  });

  it('replaces names that lead elsewhere', (t) => {
    const folder = temporaryFolder(t);
    const paths = pathsIn(folder);
    writeFileSync(join(folder, 'elsewhere'), 'root-0\n');
    symlinkSync('elsewhere', paths.root);
    symlinkSync('nowhere', paths.key);
    writeCertificateSet(paths, newer, optionsOf('atomic'));
    assert.deepEqual(readNames(paths), newer);
    assert.equal(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'root-0\n');
  });
});

describe('mode in-place', () => {
  it('keeps the inode, which watchers of modify hold on to', (t) => {
    const paths = pathsIn(temporaryFolder(t));
    writePlain(paths, older);
    const inode = statSync(paths.certificate).ino;
    writeCertificateSet(paths, newer, optionsOf('in-place'));
    assert.equal(statSync(paths.certificate).ino, inode);
  });

  it('does not touch a file whose text stays, so that nobody reloads for nothing', (t) => {
    const paths = pathsIn(temporaryFolder(t));
    writeCertificateSet(paths, older, optionsOf('in-place'));
    const before = statSync(paths.root, { bigint: true }).mtimeNs;
    writeCertificateSet(paths, { ...newer, rootPem: older.rootPem }, optionsOf('in-place'));
    assert.equal(statSync(paths.root, { bigint: true }).mtimeNs, before);
  });

  it('writes over files that their owner may not write, and leaves them so', (t) => {
    const paths = pathsIn(temporaryFolder(t));
    const readOnly: WriteOptions = { mode: 'in-place', publicMode: 0o444, keyMode: 0o400 };
    const asOwner = process.getuid?.() === 0 ? closedToOwner() : quickFiles; // root may write anything
    writeCertificateSet(paths, older, readOnly, asOwner);
    writeCertificateSet(paths, newer, readOnly, asOwner);
    assert.deepEqual(readNames(paths), newer);
    assert.equal(statSync(paths.key).mode & 0o777, 0o400);
  });

  it('takes over names that an atomic write has left dangling', (t) => {
    const folder = temporaryFolder(t);
    const paths = pathsIn(folder);
    symlinkSync('..data/site.crt', paths.certificate);
    writeCertificateSet(paths, newer, optionsOf('in-place'));
    assert.deepEqual(readNames(paths), newer);
  });
});

describe('the key', () => {
  for (const mode of ['atomic', 'in-place'] as const) {
    it(`never is more open than asked, not even for an instant (${mode})`, (t) => {
      const parent = temporaryFolder(t);
      for (let after = 0; ; after++) {
        const folder = join(parent, String(after));
        mkdirSync(folder);
        const { files, crashed } = crashingFiles(after);
        try {
          writeCertificateSet(pathsIn(folder), newer, optionsOf(mode), files);
        } catch {
          // the crash
        }
        for (const path of readdirSync(folder, { recursive: true }).map(String)) {
          const full = join(folder, path);
          if (!existsSync(full) || !statSync(full).isFile()) continue;
          const holdsKey = readFileSync(full, 'utf8').startsWith('ke');
          if (holdsKey) assert.equal(statSync(full).mode & 0o077, 0, `${path} after ${after} operations`);
        }
        if (!crashed()) break;
      }
    });
  }

  it('gets the mode that was asked for, whatever the umask', (t) => {
    const paths = pathsIn(temporaryFolder(t));
    const umask = process.umask(0o077);
    t.after(() => process.umask(umask));
    writeCertificateSet(paths, newer, { mode: 'atomic', publicMode: 0o644, keyMode: 0o640 });
    assert.equal(statSync(paths.key).mode & 0o777, 0o640);
    assert.equal(statSync(paths.root).mode & 0o777, 0o644);
  });
});

describe('failures of the volume', () => {
  const rows: [string, string, string][] = [
    ['EDQUOT', 'ERR_VOLUME_FULL', 'unavailable'],
    ['EROFS', 'ERR_VOLUME_READ_ONLY', 'unavailable'],
    ['EACCES', 'ERR_VOLUME_PERMISSION', 'forbidden'],
    ['EPERM', 'ERR_VOLUME_PERMISSION', 'forbidden'],
    ['EIO', 'ERR_VOLUME_IO', 'unavailable'],
  ];
  for (const [errno, code, kind] of rows) {
    it(`${errno} is ${code} and names the path`, (t) => {
      const paths = pathsIn(temporaryFolder(t));
      const { files } = failingFiles(3, errno);
      assert.throws(() => writeCertificateSet(paths, newer, optionsOf('atomic'), files), {
        code,
        kind,
        message: /\/test\/path/,
        hint: /untouched$/,
      });
    });
  }

  it('a missing folder is ERR_VOLUME_MISSING', (t) => {
    const paths = pathsIn(join(temporaryFolder(t), 'gone'));
    for (const write of [
      () => writeCertificateSet(paths, newer, optionsOf('atomic')),
      () => writeCertificateSet(paths, newer, optionsOf('in-place')),
      () => probeVolume(paths),
    ]) {
      assert.throws(write, { code: 'ERR_VOLUME_MISSING', kind: 'not-found', message: /gone/ });
    }
    assert.equal(readCertificateSet(paths), undefined);
  });

  it('are found by a probe that leaves nothing', (t) => {
    const folder = temporaryFolder(t);
    probeVolume(pathsIn(folder));
    assert.deepEqual(readdirSync(folder), []);
    assert.throws(() => probeVolume(pathsIn(folder), failingFiles(3, 'ENOSPC').files), { code: 'ERR_VOLUME_FULL' });
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('validatePaths', () => {
  const good = pathsIn('/var/run/autocert.step.sm');
  it('takes upstream paths', () => assert.deepEqual(validatePaths(good), good));
  const rows: [string, Partial<CertificatePaths>][] = [
    ['a relative path', { key: 'site.key' }],
    ['two equal paths', { key: good.certificate }],
    ['two spellings of one path', { key: '/var/run/./autocert.step.sm/site.crt' }],
    ['a folder', { root: '/var/run/' }],
    ['a name that is kept for the generations', { root: '/var/run/autocert.step.sm/..data' }],
  ];
  for (const [name, change] of rows) {
    it(`refuses ${name}`, () =>
      assert.throws(() => validatePaths({ ...good, ...change }), { code: 'ERR_CERTIFICATE_PATHS', kind: 'invalid' }));
  }
});
