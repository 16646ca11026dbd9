/** The tutorial as it is handed out: every command of README.md, with ours and with the real programs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../test/peers/ports.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { runTutorial } from './run-tutorial.ts';
import { adapt, parseTutorial, type Variant } from './tutorial.ts';

const variants: readonly Variant[] = [
  { cloud: 'autocert', kubernetes: 'autocert', cli: 'autocert' },
  { cloud: 'step-ca', kubernetes: 'autocert', cli: 'step' },
  { cloud: 'autocert', kubernetes: 'step-ca', cli: 'step' },
  { cloud: 'step-ca', kubernetes: 'step-ca', cli: 'autocert' },
];

describe('the federation tutorial', () => {
  for (const variant of variants) {
    const { cloud, kubernetes, cli } = variant;
    it(`works with ${cloud} as Cloud CA, ${kubernetes} as Kubernetes CA and the commands of ${cli}`, async () => {
      const lines: string[] = [];
      await runTutorial({
        variant,
        freePort,
        show: (line) => lines.push(line),
        programs: [dirname(peerPath('step')), dirname(peerPath('step-ca'))],
        look: async ({ terminals }) => {
          const server = terminals.get('server')?.output ?? '';
          assert.match(server, /^Accepting certs anchored in CN=Example Public Cloud Root CA/m);
          assert.match(server, /^Accepting certs anchored in CN=Example Kubernetes Root CA/m);
          assert.equal(server.match(/^Certificate renewed/gm)?.length, 2);
        },
      });
      const end = lines.findIndex((line) => line.includes('No longer accepting certs'));
      const before = lines.slice(0, end);
      assert.ok(before.some((line) => /Hello sdk_client \(cert issued by 'Example Kubernetes /.test(line)));
      assert.ok(before.some((line) => /Hello kube_client \(cert issued by 'Example Kubernetes /.test(line)));
      assert.deepEqual(
        before.filter((line) => line.includes('Request failed')),
        [],
        'no request fails while certificates are renewed',
      );
      assert.ok(lines.slice(end).some((line) => /Hello cloud_client/.test(line)));
    });
  }

  it('is what `make demo-federation` shows, and leaves nothing behind', async () => {
    const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('autocert-federation-'));
    const before = left();
    const demo = join(import.meta.dirname, 'demo.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [demo], { timeout: 120_000 });
    assert.match(stdout, /✔ every command of the tutorial did what it says/);
    assert.deepEqual(left(), before);
  });

  const show = (): void => {};
  const ours: Variant = { cloud: 'autocert', kubernetes: 'autocert', cli: 'autocert' };
  const run = (...blocks: string[]): Promise<void> =>
    runTutorial({ variant: ours, freePort, show, markdown: blocks.join('\n') });

  it('fails when a command fails, and says which', () =>
    assert.rejects(run('```sh', 'true', 'test 1 = 2', '```'), /this failed:\ntrue\ntest 1 = 2/));

  it('fails when a terminal ends without the words that are waited for', () =>
    assert.rejects(
      run('```sh terminal=a until="never"', 'echo something', '```'),
      /a did not say \/never\/[\s\S]*something/,
    ));
});

describe('adapt', () => {
  const variant: Variant = { cloud: 'step-ca', kubernetes: 'autocert', cli: 'step' };
  const rows: [string, string][] = [
    ['autocert ca serve pki/cloud/config/ca.json', 'step-ca pki/cloud/config/ca.json'],
    ['autocert ca serve pki/kubernetes/config/ca.json', 'autocert ca serve pki/kubernetes/config/ca.json'],
    ['STEPPATH=pki/cloud autocert ca init --address :1443', 'STEPPATH=pki/cloud step ca init --address :31443'],
  ];
  for (const [script, want] of rows) {
    it(`makes "${want}"`, () => {
      const [block] = parseTutorial(`\`\`\`sh\n${script}\n\`\`\`\n`);
      assert.ok(block);
      assert.equal(adapt(block, variant, { 1443: 31443 }).script, want);
    });
  }
});
