/** Templates are put into ca.json by the real step CLI, and SIGHUP brings them in; what is wrong with one is in the log. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { leafOf, sign, untilLogged } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import type { CaProcess } from '../../peers/certificate-authority.ts';
import { runStep, step } from '../../peers/step.ts';
import { onEachPeer, reload } from './peers.ts';

const one =
  '{"subject": {"organization": {{ toJson .team }}, "commonName": {{ toJson .Insecure.User.name }}}, "sans": {{ toJson .SANs }}}';

onEachPeer('templates by file', (ca) => {
  const listing = async ({ port }: CaProcess): Promise<string> =>
    JSON.stringify((await ask(port, '/provisioners')).body);

  it('are added and changed with their data, and are used after the signal', async () => {
    const process = await ca.start();
    const { folder, configPath, passwordPath } = ca.files;
    const options = { stepPath: folder, cwd: folder };
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
    const edit = (...args: string[]) => step(['ca', 'provisioner', ...args, '--ca-config', configPath], options);
    const issue = async (): Promise<string> => {
      const url = ['--ca-url', process.url, '--root', 'certs/root_ca.crt'];
      const by = ['--provisioner', 'second', '--provisioner-password-file', passwordPath, '--set', 'name=chosen'];
      const args = ['ca', 'certificate', '--force', ...url, ...by, 'web.test', 'web.crt', 'web.key'];
      const { code, stderr } = await runStep(args, options);
      if (code !== 0) return stderr;
      const [leaf] = parseCertificateChainPem(await readFile(join(folder, 'web.crt'), 'utf8'));
      return leaf?.subject.text ?? '';
    };

    await write('one.tpl', one);
    await write('data.json', '{"team": "blue"}');
    const secret = ['--create', '--password-file', passwordPath];
    await edit('add', 'second', ...secret, '--x509-template', 'one.tpl', '--x509-template-data', 'data.json');
    await reload(process, async () => (await listing(process)).includes('"second"'));
    assert.equal(await issue(), 'CN=chosen,O=blue');

    await write('data.json', '{"team": "red"}');
    await edit('update', 'second', '--x509-template-data', 'data.json');
    await reload(process, async () => (await listing(process)).includes('"red"'));
    assert.equal(await issue(), 'CN=chosen,O=red');

    await write('two.tpl', '{{ fail "not today" }}');
    await edit('update', 'second', '--x509-template', 'two.tpl');
    await reload(process, async () => (await listing(process)).includes('not today'));
    assert.match(await issue(), /The request could not be completed: not today\./);
  });

  it('say in the log which line is wrong, and nothing of it to the client', async () => {
    const broken = {
      syntax: '{\n  "subject": {{ if }}\n}',
      execution: '{\n  "subject": {{ .Subject.Nothing }}\n}',
    };
    const process = await ca.start((config) => {
      const [first] = config.authority.provisioners;
      assert.ok(first);
      for (const [name, template] of Object.entries(broken)) {
        config.authority.provisioners.push({ ...first, name, options: { x509: { template } } });
      }
    });
    for (const name of Object.keys(broken)) {
      const { status, body } = await sign(process.port, ca.bench, { ott: ca.bench.token({ iss: name }) });
      assert.deepEqual(body, {
        status,
        message:
          'The certificate authority encountered an Internal Server Error. Please see the certificate authority logs for more info.',
      });
    }
    await untilLogged(process, 'template: template:2: missing value for if');
    await untilLogged(process, 'template: template:2:24: executing');
    assert.equal(leafOf(await sign(process.port, ca.bench)).commonName, 'web.test', 'the others go on');
    if (ca.differs(false, true)) assert.match(process.output(), /certificate template cannot be used.*"syntax"/);
  });
});
