/** What scripts read from the command line, ours beside the real step's at the same real step-ca. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { decodeJwt } from '../../lib/jwt/index.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { type Authority, startAuthority } from '../scenarios/authority.ts';

const autocert = join(import.meta.dirname, '../../bin/autocert');

describe('the command line beside the real step', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-beside-'));
  let ca: Authority;

  before(async () => {
    ca = await startAuthority('step-ca');
    for (const cli of ['ours', 'theirs'] as const) {
      mkdirSync(join(folder, cli));
      await run(cli, 'ca', 'bootstrap', '--ca-url', variable('CA_URL'), '--fingerprint', variable('FINGERPRINT'));
    }
  });
  after(async () => {
    await ca.stop();
    rmSync(folder, { recursive: true });
  });

  const variable = (name: string): string => ca.variables[name] ?? assert.fail(name);

  /** stdout of one of the two, each in a folder of its own. */
  async function run(cli: 'ours' | 'theirs', ...args: string[]): Promise<string> {
    const home = join(folder, cli);
    const env = { PATH: process.env.PATH, HOME: home, STEPPATH: join(home, 'step') };
    const { stdout } = await promisify(execFile)(cli === 'ours' ? autocert : peerPath('step'), args, {
      cwd: home,
      env,
    });
    return stdout;
  }
  const both = async (...args: string[]): Promise<[ours: string, theirs: string]> => [
    await run('ours', ...args),
    await run('theirs', ...args),
  ];

  for (const args of [
    ['ca', 'health'],
    ['ca', 'root'],
    ['ca', 'roots'],
    ['ca', 'federation'],
    ['ca', 'provisioner', 'list'],
  ]) {
    it(`prints the same: ${args.join(' ')}`, async () => {
      const [ours, theirs] = await both(...args);
      assert.equal(ours, theirs);
    });
  }

  it('bootstraps to the same settings, with the same modes', () => {
    for (const file of ['step/config/defaults.json', 'step/certs/root_ca.crt']) {
      const [ours, theirs] = [join(folder, 'ours', file), join(folder, 'theirs', file)];
      assert.equal(readFileSync(ours, 'utf8').replaceAll('/ours/', '/theirs/'), readFileSync(theirs, 'utf8'));
      assert.equal(statSync(ours).mode, statSync(theirs).mode);
    }
  });

  it('makes the same token, apart from what is drawn and when', async () => {
    const password = ['--provisioner-password-file', variable('PASSWORD_FILE')];
    for (const more of [
      [],
      ['--san', 'a.test', '--san', '10.0.0.1'],
      ['--set', 'team=x', '--set', 'level=2'],
      ['--cnf-file', variable('REQUEST')],
    ]) {
      const [ours, theirs] = (await both('ca', 'token', 'request.test', ...password, ...more)).map((token) => {
        const { header, claims } = decodeJwt(token.trim());
        const { jti, iat, nbf, exp, ...rest } = claims;
        assert.match(String(jti), /^[0-9a-f]{64}$/);
        assert.equal(nbf, iat);
        return { header, rest, lifetime: Number(exp) - Number(iat) };
      });
      assert.deepEqual(ours, theirs, more.join(' '));
    }
  });

  it('writes certificate and key in the same form', async () => {
    const password = ['--provisioner-password-file', variable('PASSWORD_FILE')];
    for (const more of [[], ['--kty', 'RSA'], ['--kty', 'OKP']]) {
      await both('ca', 'certificate', 'web.test', 'web.crt', 'web.key', '--force', ...password, ...more);
      for (const file of ['web.crt', 'web.key']) {
        const [ours, theirs] = ['ours', 'theirs'].map((cli) => {
          const path = join(folder, cli, file);
          const lines = readFileSync(path, 'utf8').split('\n');
          return { labels: lines.filter((line) => line.startsWith('-----')), mode: statSync(path).mode };
        });
        assert.deepEqual(ours, theirs);
      }
    }
  });

  it('agrees with step on what leads to a root and what does not', async () => {
    await run(
      'ours',
      'ca',
      'certificate',
      'v.test',
      'v.crt',
      'v.key',
      '--provisioner-password-file',
      variable('PASSWORD_FILE'),
    );
    writeFileSync(join(folder, 'theirs/v.crt'), readFileSync(join(folder, 'ours/v.crt')));
    const verdicts = async (...more: string[]): Promise<boolean[]> =>
      Promise.all(
        (['ours', 'theirs'] as const).map((cli) =>
          run(cli, 'certificate', 'verify', 'v.crt', ...more).then(
            () => true,
            () => false,
          ),
        ),
      );
    const roots = ['--roots', variable('ROOT')];
    assert.deepEqual(await verdicts(...roots), [true, true]);
    assert.deepEqual(await verdicts(...roots, '--host', 'v.test'), [true, true]);
    assert.deepEqual(await verdicts(...roots, '--host', 'w.test'), [false, false]);
    assert.deepEqual(await verdicts('--roots', join(folder, 'ours/v.crt'), '--host', 'w.test'), [false, false]);
    assert.deepEqual(await verdicts(), [false, false]);
  });
});
