/** `autocert-ca init`: the flags of `step ca init`, and questions for those that are missing. */
import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { isEncryptedPrivateKeyPem, parsePrivateKeyPem } from '../../lib/crypto/index.ts';
import { AppError } from '../../lib/errors/index.ts';
import { parseListenAddress } from '../../lib/http/index.ts';
import { systemClock } from '../../lib/time/index.ts';
import { parseCertificateChainPem } from '../../lib/x509/index.ts';
import { readPasswordFile, readText } from '../adapters/files.ts';
import { findExisting, layoutOf, writeAuthority, writeContext } from './files.ts';
import { initInKubernetes } from './kubernetes/run.ts';
import { createPki, type ImportedRoot } from './pki.ts';
import { askConfirmation, askPassword, askText } from './prompts.ts';
import { findContext, isPlainName, readContexts, type StepContext, stepBasePath, stepPath } from './step-path.ts';
import { buildCaJson, buildDefaults, caUrlOf } from './templates.ts';

type Flags = {
  readonly root?: string;
  readonly key?: string;
  readonly keyPasswordFile?: string;
  readonly pki?: boolean;
  readonly deploymentType?: string;
  readonly name?: string;
  readonly dns?: string[];
  readonly address?: string;
  readonly provisioner?: string;
  readonly passwordFile?: string;
  readonly provisionerPasswordFile?: string;
  readonly withCaUrl?: string;
  readonly db: boolean;
  readonly acme?: boolean;
  readonly context?: string;
  readonly authority?: string;
  readonly profile?: string;
  readonly force?: boolean;
  readonly kubernetesPrefix?: string;
  readonly webhookProvisioner?: string;
};

/** Flags of `step ca init` for parts that are not here. */
const unsupportedFlags = [
  ['--ssh', 'SSH certificates are not supported'],
  ['--helm', 'the chart in charts/autocert takes its values from --set or a file'],
  ['--remote-management', 'provisioners kept in the database are not supported'],
  ['--kms <type>', 'keys in a key management service are not supported'],
  ['--ra <type>', 'registration authorities are not supported'],
] as const;

export function initCommand(): Command {
  const command = new Command('init')
    .description('make an authority: keys, certificates, configuration')
    .option('--root <file>', 'use this root certificate instead of a new one')
    .option('--key <file>', 'private key of --root; it is not copied')
    .option('--key-password-file <file>', 'password of --key')
    .option('--pki', 'make keys and certificates only, no configuration')
    .option('--deployment-type <name>', 'standalone')
    .option('--name <name>', 'name of the authority, in its certificates')
    .option('--dns <name>', 'DNS name or IP address of the authority (may be repeated)', collect)
    .option('--address <address>', 'host:port to listen on, such as :443')
    .option('--provisioner <name>', 'name of the first provisioner')
    .option('--password-file <file>', 'password of the keys, and of the provisioner unless it has its own')
    .option('--provisioner-password-file <file>', 'password of the provisioner key')
    .option('--with-ca-url <url>', 'URL for the defaults of clients')
    .option('--no-db', 'keep nothing: no renewal records, no revocation')
    .option('--acme', 'add an ACME provisioner (served by step-ca, not by this server yet)')
    .option('--context <name>', 'put the files into a context of this name')
    .option('--authority <name>', 'folder name of the authority in the context')
    .option('--profile <name>', 'folder name of the profile in the context')
    .option('-f, --force', 'overwrite files that exist')
    .option(
      '--kubernetes-prefix <name>',
      'make it in, or read it from, the ConfigMaps and Secrets <name>-… of $NAMESPACE',
    )
    .option(
      '--webhook-provisioner <name>',
      'with --kubernetes-prefix: a second provisioner, with a password of its own',
    );
  for (const [flag, reason] of unsupportedFlags) {
    const option = command.createOption(flag, reason).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw new AppError('ERR_CA_FLAG', 'invalid', `${option.long}: ${reason}`, {
        hint: 'docs/divergences/step-ca.md lists what this server does not do',
      });
    });
  }
  return command.action((flags: Flags) => init(flags));
}

const collect = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')];

async function init(flags: Flags): Promise<void> {
  requireSensible(flags);
  const base = stepBasePath(process.env);
  const { kubernetesPrefix } = flags;
  if (kubernetesPrefix !== undefined) return initInKubernetes({ ...flags, kubernetesPrefix }, base, process.env);
  const context = contextOf(flags, base);
  const layout = layoutOf(stepPath(base, context));
  await refuseOverwriting(flags, layout);

  const name = flags.name ?? (await askText('What would you like to name your new PKI?', '--name'));
  const configured = flags.pki ? undefined : await askConfiguration(flags);
  const imported = await importRoot(flags);
  const password = await choosePassword(flags);
  const provisionerPassword =
    flags.provisionerPasswordFile === undefined ? password : await readPasswordFile(flags.provisionerPasswordFile);

  process.stderr.write('Generating keys and certificates... ');
  const pki = await createPki({ name, password, imported, now: systemClock.now() });
  const caJson =
    configured &&
    (await buildCaJson({ ...configured, layout, database: flags.db, acme: flags.acme ?? false, provisionerPassword }));
  process.stderr.write('done!\n\n');

  const defaults = configured && buildDefaults(layout, pki.rootFingerprint, flags.withCaUrl ?? caUrlOf(configured));
  writeAuthority(layout, { ...pki, caJson, defaults, database: flags.db && caJson !== undefined });
  if (context) writeContext(base, context);
  const written = [
    ['Root certificate', layout.rootCertificate],
    ...(pki.rootKeyPem === undefined ? [] : [['Root private key', layout.rootKey]]),
    ['Root fingerprint', pki.rootFingerprint],
    ['Intermediate certificate', layout.intermediateCertificate],
    ['Intermediate private key', layout.intermediateKey],
    ...(caJson && flags.db ? [['Database folder', layout.database]] : []),
    ...(caJson
      ? [
          ['Default configuration', layout.defaults],
          ['Certificate Authority configuration', layout.config],
        ]
      : []),
  ];
  process.stdout.write(`${written.map(([what, value]) => `✔ ${what}: ${value}`).join('\n')}\n`);
}

/** The same refusals as step's, before anything is asked. */
function requireSensible(flags: Flags): void {
  const type = flags.deploymentType?.toLowerCase();
  if (type !== undefined && type !== 'standalone') {
    throw flagProblem(`--deployment-type ${flags.deploymentType}: only standalone authorities are supported`);
  }
  if ((flags.root === undefined) !== (flags.key === undefined)) {
    throw flagProblem(
      '--root and --key are wanted together',
      'an authority needs the key of its root once, to sign the intermediate',
    );
  }
  if (flags.context === undefined && (flags.authority !== undefined || flags.profile !== undefined)) {
    throw flagProblem('--authority and --profile need --context');
  }
  for (const flag of ['context', 'authority', 'profile'] as const) {
    const name = flags[flag];
    if (name !== undefined && !isPlainName(name))
      throw flagProblem(`--${flag} ${JSON.stringify(name)} is no folder name`);
  }
  if (flags.address !== undefined) parseListenAddress(flags.address);
  if (flags.withCaUrl !== undefined && !URL.canParse(flags.withCaUrl)) {
    throw flagProblem(`--with-ca-url ${JSON.stringify(flags.withCaUrl)} is not a URL`);
  }
}

function contextOf(flags: Flags, base: string): StepContext | undefined {
  if (flags.context === undefined) return findContext(base, undefined);
  const known = readContexts(base)[flags.context];
  const { context, authority = known?.authority ?? context, profile = known?.profile ?? context } = flags;
  return { name: context, authority, profile };
}

async function refuseOverwriting(flags: Flags, layout: ReturnType<typeof layoutOf>): Promise<void> {
  const existing = findExisting(layout);
  if (existing === undefined || flags.force) return;
  if (await askConfirmation(`${existing} exists. Overwrite this authority? Its certificates will not verify any more.`))
    return;
  throw new AppError('ERR_CA_EXISTS', 'conflict', `${existing} exists`, {
    hint: 'add --force to overwrite the authority, or set STEPPATH or --context to make another',
  });
}

async function askConfiguration(flags: Flags): Promise<{ dnsNames: string[]; address: string; provisioner: string }> {
  const dnsNames =
    flags.dns ??
    (await askText('What DNS names or IP addresses will clients use to reach your CA?', '--dns')).split(/[\s,]+/);
  const address =
    flags.address ?? (await askText('What IP and port will your new CA bind to?', '--address', { initial: ':443' }));
  parseListenAddress(address);
  const provisioner =
    flags.provisioner ?? (await askText("What would you like to name the CA's first provisioner?", '--provisioner'));
  return { dnsNames: dnsNames.map((name) => name.trim()).filter((name) => name !== ''), address, provisioner };
}

async function importRoot({ root, key, keyPasswordFile }: Flags): Promise<ImportedRoot | undefined> {
  if (root === undefined || key === undefined) return undefined;
  const [certificate] = parseCertificateChainPem(await readText('--root', root));
  if (!certificate) throw flagProblem(`--root ${root} holds no certificate`);
  const pem = await readText('--key', key);
  return { certificate, key: parsePrivateKeyPem(pem, await passwordOfKey(pem, keyPasswordFile)) };
}

async function passwordOfKey(pem: string, passwordFile: string | undefined): Promise<string | undefined> {
  if (passwordFile !== undefined) return readPasswordFile(passwordFile);
  return isEncryptedPrivateKeyPem(pem) ? askPassword('the password of --key', '--key-password-file') : undefined;
}

async function choosePassword({ passwordFile }: Flags): Promise<string> {
  if (passwordFile !== undefined) return readPasswordFile(passwordFile);
  const question = 'a password for your CA keys and first provisioner [leave empty and we generate one]';
  const given = await askPassword(question, '--password-file');
  if (given !== '') return given;
  const generated = randomBytes(24).toString('base64url');
  process.stderr.write(`Password: ${generated}\nKeep it: it is shown this once.\n`);
  return generated;
}

const flagProblem = (problem: string, hint?: string): AppError =>
  new AppError('ERR_CA_FLAG', 'invalid', problem, hint === undefined ? {} : { hint });
