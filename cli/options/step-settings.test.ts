import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadStepSettings } from './step-settings.ts';

describe('loadStepSettings', () => {
  const home = mkdtempSync(join(tmpdir(), 'autocert-settings-'));
  after(() => rmSync(home, { recursive: true }));
  let folders = 0;
  const folder = (files: Record<string, unknown>): string => {
    const base = join(home, String(folders++));
    mkdirSync(base);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(base, name)), { recursive: true });
      writeFileSync(join(base, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return base;
  };

  it('takes ~/.step where STEPPATH is not set', () =>
    assert.equal(loadStepSettings({ HOME: home }).stepPath, join(home, '.step')));

  it('reads defaults.json', () => {
    const base = folder({ 'config/defaults.json': { 'ca-url': 'https://ca' } });
    assert.deepEqual(loadStepSettings({ STEPPATH: base }), {
      stepPath: base,
      defaults: { path: join(base, 'config/defaults.json'), members: { 'ca-url': 'https://ca' } },
    });
  });

  it('does without any file', () => assert.deepEqual(loadStepSettings({ STEPPATH: folder({}) }).defaults.members, {}));

  it('follows the current context, the profile over the authority', () => {
    const base = folder({
      'contexts.json': { prod: { authority: 'prod-ca', profile: 'me' } },
      'current-context.json': { context: 'prod' },
      'authorities/prod-ca/config/defaults.json': { 'ca-url': 'https://prod', root: '/r' },
      'profiles/me/config/defaults.json': { root: '/mine' },
    });
    const { stepPath, defaults } = loadStepSettings({ STEPPATH: base });
    assert.equal(stepPath, join(base, 'authorities/prod-ca'));
    assert.deepEqual(defaults.members, { 'ca-url': 'https://prod', root: '/mine' });
  });

  it('lets --context choose another one', () => {
    const base = folder({
      'contexts.json': { a: { authority: 'a' }, b: { authority: 'b' } },
      'current-context.json': { context: 'a' },
    });
    assert.equal(loadStepSettings({ STEPPATH: base }, { context: 'b' }).stepPath, join(base, 'authorities/b'));
  });

  it('refuses a context that does not exist', () =>
    assert.throws(() => loadStepSettings({ STEPPATH: folder({}) }, { context: 'x' }), {
      code: 'ERR_CLI_USAGE',
      message: /"x"/,
    }));

  it('reads the file of --config instead', () => {
    const base = folder({ 'other.json': { a: 'b' }, 'config/defaults.json': { 'ca-url': 'https://ca' } });
    const config = join(base, 'other.json');
    assert.deepEqual(loadStepSettings({ STEPPATH: base }, { config }).defaults, { path: config, members: { a: 'b' } });
    assert.throws(() => loadStepSettings({}, { config: join(base, 'none') }), {
      code: 'ERR_CLI_SETTINGS',
      message: /does not exist/,
    });
  });

  for (const [name, text] of [
    ['broken JSON', '{'],
    ['a JSON list', '[]'],
  ] as const) {
    it(`names the file that holds ${name}`, () => {
      const base = folder({ 'config/defaults.json': text });
      assert.throws(() => loadStepSettings({ STEPPATH: base }), {
        code: 'ERR_CLI_SETTINGS',
        message: /defaults\.json: is not/,
      });
    });
  }
});
