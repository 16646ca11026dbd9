/** `autocert-ca rollover`: the next generation of an authority's certificates, step by step. */
import { join } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../../lib/time/index.ts';
import { type Certificate, fingerprint } from '../../lib/x509/index.ts';
import { readPasswordFile } from '../adapters/files.ts';
import { askPassword } from '../init/prompts.ts';
import { findContext, stepBasePath, stepPath } from '../init/step-path.ts';
import { type CaFiles, readCaFiles } from './ca-files.ts';
import { descriptions, nextCommand, type Phase } from './phase.ts';
import {
  addRoot,
  phaseOf,
  removeRoot,
  replaceIntermediate,
  type Secrets,
  type StepReport,
  switchRoot,
} from './steps.ts';

type Flags = {
  readonly context?: string;
  readonly folder?: string;
  readonly passwordFile?: string;
  readonly rootKey?: string;
  readonly rootKeyPasswordFile?: string;
  readonly bundle?: boolean;
  readonly crossSign?: boolean;
  readonly force?: boolean;
};

export function rolloverCommand(): Command {
  const command = new Command('rollover').description('replace the intermediate, or the root, of an authority');
  const add = (
    name: string,
    description: string,
    run: (files: CaFiles, flags: Flags) => Promise<StepReport>,
  ): Command => {
    const step = new Command(name)
      .description(description)
      .argument('[config]', 'ca.json (default: config/ca.json in $STEPPATH or in the folder of the context)')
      .option('--context <name>', 'context whose configuration is used')
      .option(
        '--folder <folder>',
        'folder of certs/ and secrets/, when the paths in ca.json are those of another machine',
      )
      .action((config: string | undefined, flags: Flags) => runStep(config, flags, run));
    command.addCommand(step);
    return step.exitOverride();
  };
  const withKeys = (step: Command): Command =>
    step
      .option('--password-file <file>', 'file with the password of the issuing key, which new keys get too')
      .option('--root-key <file>', 'key of the root that signs (default: its place in secrets/)')
      .option('--root-key-password-file <file>', 'file with the password of --root-key, when it is another');
  const withForce = (step: Command): Command =>
    step.option('-f, --force', 'do not wait until every client has followed');

  add('status', 'say which certificates there are, and what comes next', async () => []);
  withKeys(
    add('intermediate', 'new intermediate under the same root', (files, flags) =>
      replaceIntermediate(files, secretsOf(flags), systemClock.now()),
    ),
  );
  withKeys(
    add('add-root', 'first step: a new root, trusted beside the old one', (files, flags) =>
      addRoot(
        files,
        secretsOf(flags),
        { bundle: flags.bundle ?? false, crossSign: flags.crossSign ?? true },
        systemClock.now(),
      ),
    ),
  )
    .option('--bundle', 'put it into the file of the old root, for other programs that read that file')
    .option('--no-cross-sign', 'do not let the old root sign it');
  withForce(
    withKeys(
      add('switch-root', 'second step: the new root issues', (files, flags) =>
        switchRoot(files, secretsOf(flags), { force: flags.force ?? false }, systemClock.now()),
      ),
    ),
  );
  withForce(
    add('remove-root', 'third step: the old root is not trusted any more', (files, flags) =>
      removeRoot(files, { force: flags.force ?? false }, systemClock.now()),
    ),
  );
  return command;
}

async function runStep(
  config: string | undefined,
  flags: Flags,
  run: (files: CaFiles, flags: Flags) => Promise<StepReport>,
): Promise<void> {
  const base = stepBasePath(process.env);
  const path = config ?? join(stepPath(base, findContext(base, flags.context)), 'config', 'ca.json');
  const report = await run(await readCaFiles(path, flags.folder), flags);
  const files = await readCaFiles(path, flags.folder); // as the CA will read them
  const lines = [
    ...report.map(([what, value]) => `✔ ${what}: ${value}`),
    ...(report.length > 0 ? ['', 'The running CA takes it over by: kill -HUP <pid>', ''] : []),
    ...describe(files, phaseOf(files, systemClock.now())),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describe({ chain, roots }: CaFiles, phase: Phase): string[] {
  const from = phase.kind === 'prepared' ? phase.switchFrom : phase.kind === 'switched' ? phase.removeFrom : undefined;
  return [
    ...roots.map((root) => `root ${line(root)}${root.der.equals(phase.root.der) ? ' (issues)' : ''}`),
    `intermediate ${line(chain[0])}`,
    '',
    `Phase: ${descriptions[phase.kind]}.`,
    phase.kind === 'settled'
      ? 'To begin a root rollover: autocert ca rollover add-root'
      : `Next: autocert ca rollover ${nextCommand[phase.kind]}, from ${toText(from ?? 0)}`,
  ];
}

const line = ({ der, subject, notBefore, notAfter }: Certificate): string =>
  `${fingerprint(der)} ${subject.text}, ${toText(notBefore)} to ${toText(notAfter)}`;

const toText = (time: number): string => new Date(time).toISOString();

function secretsOf({ passwordFile, rootKey, rootKeyPasswordFile }: Flags): Secrets {
  const read = (file: string | undefined, question: string, flag: string): (() => Promise<string>) => {
    let answer: Promise<string> | undefined;
    return () => {
      answer ??= file === undefined ? askPassword(question, flag) : readPasswordFile(file);
      return answer;
    };
  };
  const password = read(passwordFile, 'the password of the issuing key', '--password-file');
  return {
    password,
    rootKeyPath: rootKey,
    rootKeyPassword:
      rootKeyPasswordFile === undefined
        ? password
        : read(rootKeyPasswordFile, 'the password of the root key', '--root-key-password-file'),
  };
}
