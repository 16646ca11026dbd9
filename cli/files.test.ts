import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { confirmOverwrite, readInput, readPassword, saveFile } from './files.ts';
import { createFakeTerminal } from './terminal/fake-terminal.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('files of the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-files-'));
  after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);

  describe('saveFile', () => {
    it('gives a new file the mode asked for and leaves nothing beside it', () => {
      mkdirSync(at('new'));
      saveFile(at('new/key'), 'secret', 0o600);
      assert.equal(readFileSync(at('new/key'), 'utf8'), 'secret');
      assert.equal(modeOf(at('new/key')), 0o600);
      assert.deepEqual(readdirSync(at('new')), ['key']);
    });
    it('keeps the mode of a file that was there', () => {
      writeFileSync(at('kept'), 'old');
      chmodSync(at('kept'), 0o640);
      saveFile(at('kept'), 'new', 0o600);
      assert.equal(modeOf(at('kept')), 0o640);
      assert.equal(readFileSync(at('kept'), 'utf8'), 'new');
    });
    it('writes through a symbolic link', () => {
      writeFileSync(at('target'), 'old');
      symlinkSync(at('target'), at('link'));
      saveFile(at('link'), 'new', 0o600);
      assert.equal(readFileSync(at('target'), 'utf8'), 'new');
    });
    it('writes to a device', () => saveFile('/dev/null', 'x', 0o600));
    it('names the file that cannot be written', () =>
      assert.throws(() => saveFile(at('none/key'), 'x', 0o600), {
        code: 'ERR_CLI_FILE',
        message: /none\/key: cannot be written/,
      }));
  });

  describe('confirmOverwrite', () => {
    it('lets pass what does not exist, what is no file, and anything with --force', async () => {
      writeFileSync(at('there'), '');
      await confirmOverwrite(createFakeTerminal(), at('absent'), false);
      await confirmOverwrite(createFakeTerminal(), '/dev/null', false);
      await confirmOverwrite(createFakeTerminal(), at('there'), true);
      assert.ok(!existsSync(at('absent')));
    });
    it('refuses an existing file where nobody can be asked', () =>
      assert.rejects(confirmOverwrite(createFakeTerminal(), at('there'), false), {
        code: 'ERR_CLI_FILE_EXISTS',
        hint: /--force/,
      }));
    it('refuses a folder, --force or not', () =>
      assert.rejects(confirmOverwrite(createFakeTerminal(), folder, true), { code: 'ERR_CLI_FILE' }));
  });

  describe('readInput and readPassword', () => {
    it('name the file that cannot be read', () =>
      assert.throws(() => readInput(at('absent')), { code: 'ERR_CLI_FILE', message: /absent: cannot be read/ }));
    it('keep white space before a password and drop it after', () => {
      writeFileSync(at('password'), ' secret \t\r\n\n');
      assert.equal(readPassword(at('password')), ' secret');
    });
  });
});
