/** Every script of this folder, with each command and CA that its head names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { peerPath } from '../../tools/peers/index.ts';
import { type Authority, startAuthority } from './authority.ts';
import { runScenario } from './run-scenario.ts';
import { parseScenario } from './script.ts';

const programs: Readonly<Record<string, () => string>> = {
  autocert: () => join(import.meta.dirname, '../../bin/autocert'),
  step: () => peerPath('step'),
};

const scripts = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.txt'));

describe('scenarios', () => {
  const authorities = new Map<string, Authority>();
  before(async () => {
    for (const kind of ['autocert', 'step-ca'] as const) authorities.set(kind, await startAuthority(kind));
  });
  after(async () => {
    for (const authority of authorities.values()) await authority.stop();
  });

  for (const script of scripts) {
    const scenario = parseScenario(readFileSync(join(import.meta.dirname, script), 'utf8'));
    for (const cli of scenario.clis) {
      for (const ca of scenario.cas) {
        const title = ca === 'none' ? cli : `${cli} with ${ca}`;
        it(`${script}, ${title}: ${scenario.name}`, async () => {
          const program = programs[cli]?.();
          if (program === undefined) throw new Error(`${script} names the unknown command ${cli}`);
          await runScenario(scenario, program, authorities.get(ca)?.variables ?? {});
        });
      }
    }
  }
});
