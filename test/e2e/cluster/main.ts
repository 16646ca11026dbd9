/** `node test/e2e/cluster/main.ts up|down|kubectl ARGS…`: the cluster by hand. `make e2e-up` and `make e2e-down` call it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { kubectlCommand } from './control-plane.ts';
import { down } from './down.ts';
import { up } from './up.ts';

const [action, ...rest] = process.argv.slice(2);
const started = Date.now();
const say = (what: string): void =>
  console.log(`e2e: ${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`);

try {
  switch (action) {
    case 'up':
      await up(say);
      say('up. Next: node test/e2e/cluster/main.ts kubectl get pods -A');
      break;
    case 'down':
      await down();
      say('down');
      break;
    case 'kubectl': {
      const [program = '', ...args] = kubectlCommand(...rest);
      const child = spawn(program, args, { stdio: 'inherit' });
      const [code] = (await once(child, 'close')) as [number | null];
      process.exitCode = code ?? 1;
      break;
    }
    default:
      console.error('usage: main.ts up | down | kubectl ARGS…');
      process.exitCode = 2;
  }
} catch (error) {
  console.error(`e2e: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
