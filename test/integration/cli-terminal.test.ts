/** The command line on a terminal: questions, and what is typed not being shown. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Authority, startAuthority } from '../scenarios/authority.ts';

const autocert = join(import.meta.dirname, '../../bin/autocert');

/** Runs argv[2…] on a pseudo-terminal; after each text of argv[1] (JSON) has appeared, types the keys beside it. */
const onTerminal = `
import json, os, pty, select, sys
dialogue = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b''
fresh = b''
while True:
    if not select.select([fd], [], [], 20)[0]:
        break
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    fresh += data
    if dialogue and dialogue[0][0].encode() in fresh:
        os.write(fd, dialogue.pop(0)[1].encode())
        fresh = b''
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const down = '\x1b[B';
const enter = '\r';

describe('the command line on a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-terminal-'));
  const at = (name: string): string => join(folder, name);
  let ca: Authority;
  let password: string;

  before(async () => {
    ca = await startAuthority('step-ca', ['second']);
    password = readFileSync(ca.variables.PASSWORD_FILE ?? '', 'utf8').trim();
    const { code, text } = await converse(
      [],
      'ca',
      'bootstrap',
      '--ca-url',
      ca.variables.CA_URL ?? '',
      '--fingerprint',
      ca.variables.FINGERPRINT ?? '',
    );
    assert.equal(code, 0, text);
  });
  after(async () => {
    await ca.stop();
    rmSync(folder, { recursive: true });
  });

  async function converse(
    dialogue: [waitFor: string, type: string][],
    ...args: string[]
  ): Promise<{ code: number | null; text: string }> {
    const child = spawn('python3', ['-c', onTerminal, JSON.stringify(dialogue), autocert, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, STEPPATH: at('step'), TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, text: stripVTControlCharacters(text) };
  }

  it('asks for the provisioner and its password, and shows only the former', async () => {
    const { code, text } = await converse(
      [
        ['What provisioner key do you want to use?', down + enter],
        ['Please enter the password', password + enter],
      ],
      ...['ca', 'certificate', 'web.test', 'web.crt', 'web.key'],
    );
    assert.equal(code, 0, text);
    assert.match(text, /✔ Provisioner: second \(JWK\) \[kid: /);
    assert.match(text, /✔ Certificate: web\.crt/);
    assert.ok(!text.includes(password));
  });

  it('asks before it overwrites, and takes no for an answer', async () => {
    const question = 'Would you like to overwrite web.crt?';
    const old = readFileSync(at('web.crt'), 'utf8');
    const no = await converse([[question, `n${enter}`]], 'ca', 'renew', 'web.crt', 'web.key');
    assert.equal(no.code, 1);
    assert.match(no.text, /error: web\.crt: not overwritten/);
    assert.equal(readFileSync(at('web.crt'), 'utf8'), old);
    const yes = await converse([[question, `y${enter}`]], 'ca', 'renew', 'web.crt', 'web.key');
    assert.equal(yes.code, 0, yes.text);
    assert.notEqual(readFileSync(at('web.crt'), 'utf8'), old);
  });

  it('ends on Ctrl-C with an error and nothing written', async () => {
    const { code, text } = await converse(
      [['Please enter the password', '\x03']],
      ...['ca', 'certificate', 'a.test', 'a.crt', 'a.key', '--provisioner', 'admin'],
    );
    assert.equal(code, 1);
    assert.match(text, /error: .*cancelled/);
    assert.ok(!existsSync(at('a.crt')) && !existsSync(at('a.key')));
  });
});
