/** Provisioners are managed by the real step CLI in ca.json, and SIGHUP brings them in. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ask } from '../../integration/ca-requests.ts';
import type { CaProcess } from '../../peers/certificate-authority.ts';
import { runStep, step } from '../../peers/step.ts';
import { onEachPeer, reload } from './peers.ts';

type Shown = { readonly name: string; readonly claims?: { readonly maxTLSCertDuration?: string } };

onEachPeer('provisioners by file', (ca) => {
  // while the real one reloads, an answer may be an error
  const shown = async ({ port }: CaProcess): Promise<Shown[]> =>
    ((await ask(port, '/provisioners')).body.provisioners ?? []) as Shown[];

  it('are added, changed and removed, and their tokens are good as long as they are there', async () => {
    const process = await ca.start();
    const options = { stepPath: ca.files.folder, cwd: ca.files.folder };
    const edit = (...args: string[]) =>
      step(['ca', 'provisioner', ...args, '--ca-config', ca.files.configPath], options);
    const secret = ['--password-file', ca.files.passwordPath];
    const issue = async (...more: string[]): Promise<number | null> => {
      const url = ['--ca-url', process.url, '--root', 'certs/root_ca.crt'];
      const by = ['--provisioner', 'second', '--provisioner-password-file', ca.files.passwordPath];
      const args = ['ca', 'certificate', '--force', ...url, ...by, ...more, 'web.test', 'web.crt', 'web.key'];
      return (await runStep(args, options)).code;
    };

    await edit('add', 'second', '--create', ...secret);
    assert.equal((await shown(process)).length, 1, 'nothing changes before the signal');
    await reload(process, async () => (await shown(process)).length === 2);
    assert.equal(await issue(), 0);
    assert.equal(await issue('--not-after', '48h'), 1);

    await edit('update', 'second', '--x509-max-dur', '72h');
    await reload(process, async () => (await shown(process))[1]?.claims?.maxTLSCertDuration !== undefined);
    assert.equal(await issue('--not-after', '48h'), 0);

    await edit('remove', 'second');
    await reload(process, async () => (await shown(process)).length === 1);
    assert.equal(await issue(), 1);
    const renewed = await runStep(
      ['ca', 'renew', '--force', '--ca-url', process.url, '--root', 'certs/root_ca.crt', 'web.crt', 'web.key'],
      options,
    );
    assert.equal(renewed.code, 1, 'what a removed provisioner let be issued is not renewed');
    assert.match(renewed.stderr, /lacked necessary authorization/);
  });
});
