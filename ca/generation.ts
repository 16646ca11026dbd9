/**
 * Everything of a running CA that a reload replaces: settings, authority, the listener's certificate. Built as a whole
 * before anything is swapped, so that a file that cannot be used changes nothing.
 */
import type { Logger } from '../lib/log/index.ts';
import type { Clock, EpochMs } from '../lib/time/index.ts';
import { fingerprint } from '../lib/x509/index.ts';
import { loadCertificates, readText } from './adapters/files.ts';
import { issueServerCertificate, type ServerCertificate } from './adapters/server-certificate.ts';
import { createWebhookCaller } from './adapters/webhook-caller.ts';
import type { ApiContext } from './api/index.ts';
import { Authority, type CertificateStore, type Meter } from './authority/index.ts';
import { type CaConfig, configInvalid, parseCaConfig } from './config/index.ts';
import type { KeyStore } from './keys/index.ts';
import { warnOfEnds } from './operations/issuer-expiry.ts';

export type GenerationOptions = {
  readonly configPath: string;
  /** Password of the issuing key; goes before the one in ca.json. */
  readonly password: string | undefined;
  /** Asked when the issuing key is encrypted and its password is nowhere else. */
  readonly askPassword: () => Promise<string | undefined>;
  readonly keyStore: KeyStore;
  /** Where a relative templateFile of a provisioner is. */
  readonly templatePath: (given: string) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Goes on over reloads. */
  readonly meter: Meter;
};

export type Generation = {
  readonly config: CaConfig;
  readonly context: ApiContext;
  /** The listener's; replaced when it is renewed. */
  server: ServerCertificate;
};

/** Version of step-ca whose API this is. */
export const stepCaVersion = '0.30.2';

/** @throws {AppError} ERR_CA_FILE, ERR_CA_CONFIG… (all invalid) */
export async function loadConfig({
  configPath,
  logger,
}: Pick<GenerationOptions, 'configPath' | 'logger'>): Promise<CaConfig> {
  const config = parseCaConfig(await readText('configuration', configPath), configPath);
  for (const warning of config.warnings) logger.warn(warning);
  return config;
}

/**
 * @param startedAt start of the process, also for a later generation: tokens made before a reload are still good
 * @throws {AppError} for files that cannot be used, settings that contradict each other, names that may not be issued
 */
export async function buildGeneration(
  config: CaConfig,
  store: CertificateStore,
  startedAt: EpochMs,
  { password, askPassword, keyStore, templatePath, clock, logger, meter }: GenerationOptions,
): Promise<Generation> {
  const roots = await loadCertificates('root', config.roots);
  const [issuer, ...above] = await loadCertificates('crt', [config.crt]);
  if (!issuer) throw configInvalid('crt', 'holds no certificate');
  let generation: Generation | undefined;
  const authority = new Authority({
    settings: config,
    chain: [issuer, ...above],
    key: await keyStore.load(config.key, async () => password ?? config.password ?? askPassword()),
    roots,
    federatedRoots: await loadCertificates('federatedRoots', config.federatedRoots),
    store,
    clock,
    startedAt,
    meter,
    templateFiles: await readTemplates(config, templatePath),
    callWebhook: createWebhookCaller(roots, () => generation?.server.secureContext),
  });
  for (const { name, type, state } of authority.provisioners.all) {
    const template = state.kind === 'ready' ? state.templates.template : undefined;
    if (template?.problem !== undefined) {
      const { source, problem } = template;
      logger.warn('certificate template cannot be used', { provisioner: name, template: source, problem });
    }
    if (state.kind === 'ready') continue;
    logger.warn('provisioner disabled', { provisioner: name, type, reason: state.reason });
  }
  const { tls, traceHeader, requestLogFormat } = config;
  const server = await issueServerCertificate(authority, config);
  await authority.revocationLists?.generate(); // also at every start, like step-ca: the last one may soon end
  generation = {
    config,
    context: { authority, tls, traceHeader, requestLogFormat, ready: () => store.ready(), version: stepCaVersion },
    server,
  };
  return generation;
}

/** Of every provisioner; one that cannot be read is left out, and its provisioner says so. */
async function readTemplates(
  { provisioners }: CaConfig,
  pathOf: (given: string) => string,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { options } of provisioners) {
    const file = (options as { x509?: { templateFile?: unknown } } | undefined)?.x509?.templateFile;
    if (typeof file !== 'string' || file === '') continue;
    await readText('template', pathOf(file)).then(
      (text) => texts.set(file, text),
      () => {},
    );
  }
  return texts;
}

/** Says what serves where, and which certificates of the authority end soon. */
export function logGeneration(
  { config, context }: Generation,
  addresses: Readonly<Record<string, string>>,
  { logger, clock }: Pick<GenerationOptions, 'logger' | 'clock'>,
): void {
  const { authority } = context;
  warnOfEnds(authority, { logger, clock });
  logger.info('listening', {
    ...addresses,
    dnsNames: config.dnsNames,
    roots: authority.roots.map(({ der }) => fingerprint(der)),
    issuer: authority.chain[0].subject.text,
    issuerNotAfter: new Date(authority.chain[0].notAfter).toISOString(),
    database: config.database?.type ?? 'none',
  });
}
