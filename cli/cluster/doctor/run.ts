/** `autocert doctor`: facts, checks, report. */
import { isAppError } from '../../../lib/errors/index.ts';
import { systemClock } from '../../../lib/time/index.ts';
import type { Invocation } from '../../command.ts';
import { renderError } from '../../terminal/render-error.ts';
import { withCluster } from '../connect.ts';
import { diagnose, exitCodeOf } from './diagnose.ts';
import { gatherFacts } from './facts.ts';
import { renderReport } from './render.ts';

/** Nothing could be looked at at all. */
const couldNotCheck = 2;

export async function runDoctor(invocation: Invocation): Promise<number> {
  const { options, terminal, env } = invocation;
  try {
    return await withCluster(options, async (cluster) => {
      const facts = await gatherFacts(cluster, { namespace: options.text('namespace'), now: systemClock.now() });
      const results = diagnose(facts);
      const { server, context } = cluster;
      if (options.text('output') === 'json') {
        const exitCode = exitCodeOf(results);
        const findings = results.flatMap((result) => result.findings);
        const checks = results.map(({ findings: _findings, ...check }) => check);
        terminal.write(`${JSON.stringify({ server, context, exitCode, checks, findings }, null, 2)}\n`);
      } else terminal.write(renderReport({ server, context, results }, terminal.outStyles, terminal.columns));
      return exitCodeOf(results);
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
    terminal.note(renderError(error, terminal.errorStyles, env.STEPDEBUG === '1'));
    return couldNotCheck;
  }
}
