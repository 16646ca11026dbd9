/** The real text/template with the functions of step-ca, as one process that renders many templates. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const source = join(import.meta.dirname, '../../peers/gotemplate');

export type Rendered = { readonly output: string; readonly error?: string };

/** What Go makes of each template over the data. Builds the program first. */
export async function renderWithGo(templates: readonly string[], data: unknown): Promise<readonly Rendered[]> {
  const folder = await mkdtemp(join(tmpdir(), 'autocert-gotemplate-'));
  try {
    const program = join(folder, 'gotemplate');
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: source });
    const encoded = Buffer.from(JSON.stringify(data)).toString('base64');
    const jobs = templates.map((template) =>
      JSON.stringify({ template: Buffer.from(template).toString('base64'), data: encoded }),
    );
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    let answers = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      answers += chunk;
    });
    child.stdin.end(`${jobs.join('\n')}\n`);
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`the Go program ended with ${code}`);
    return answers
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { output, error } = JSON.parse(line) as { output: string | null; error?: string };
        const text = Buffer.from(output ?? '', 'base64').toString();
        return error ? { output: text, error: Buffer.from(error, 'base64').toString() } : { output: text };
      });
  } finally {
    await rm(folder, { recursive: true });
  }
}
