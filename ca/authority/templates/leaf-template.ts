/**
 * The certificate template of a provisioner (`options.x509` in ca.json): Go's text/template whose result is JSON that
 * describes a certificate. Parsed once, when the configuration is read; one that cannot be used does not keep the CA from
 * starting, and fails each request that needs it, as in step-ca.
 *
 * Keep: what is wrong with a template is for the log; the client reads only what the template's author says by `fail`.
 */

import { describeError, isAppError } from '../../../lib/errors/index.ts';
import { fromByteString, type Template, TemplateFailure } from '../../../lib/gotemplate/index.ts';
import type { CertificateRequest, ExactRequest, SubjectAltNames } from '../../../lib/x509/index.ts';
import { decodeGeneralNames, oids, type ProvisionerExtension, type SubjectFields } from '../../../lib/x509/index.ts';
import type { CertificateJson } from '../certificate-json/certificate.ts';
import { encodeSubject } from '../certificate-json/encode-name.ts';
import { encodeExtensions } from '../certificate-json/extensions.ts';
import type { NameJson } from '../certificate-json/name.ts';
import { type CertificateTemplate, parseCertificateJson } from '../certificate-json/parse.ts';
import { decodeBase64, ValueProblem } from '../certificate-json/typed-value.ts';
import { templateDataTooMuch, templateFailed, templateResult, templateStopped, templateUnusable } from '../errors.ts';
import { defaultLeafTemplate } from './default-leaf.ts';
import type { TemplateLanguage } from './language.ts';
import type { TemplateData } from './template-data.ts';

export type LeafTemplate = {
  /** Whether it sees `templateData` of requests: one of the operator's does. */
  readonly seesUser: boolean;
  /** Member of ca.json or file that it is from, for the log. */
  readonly source: string;
  /** Why it renders nothing, for the log of the start. */
  readonly problem: string | undefined;
  /**
   * @throws {AppError} ERR_TEMPLATE_FAIL, ERR_TEMPLATE_DATA (invalid), ERR_TEMPLATE_STOPPED, ERR_TEMPLATE_RESULT
   *   (internal)
   */
  render(data: TemplateData, csr: CertificateRequest): CertificateTemplate;
};

export type TemplateSources = {
  /** Texts of those that templateFile may name; one that could not be read is missing. */
  readonly files: ReadonlyMap<string, string>;
  readonly language: TemplateLanguage;
};

export type TemplateOptions = {
  /** Undefined for the leaf that is built in, which needs no template. */
  readonly template: LeafTemplate | undefined;
  /** Members at the top of what templates and URLs of webhooks see. */
  readonly data: Readonly<Record<string, unknown>>;
};

type X509Options = {
  readonly template?: string | undefined;
  readonly templateFile?: string | undefined;
  readonly templateData?: unknown;
};

/** Never throws. */
export function readTemplateOptions(options: X509Options | undefined, sources: TemplateSources): TemplateOptions {
  const data = options?.templateData ?? {};
  if (typeof data !== 'object' || Array.isArray(data)) {
    return { template: unusable('options.x509.templateData', 'is not an object'), data: {} };
  }
  const fixed = data as Readonly<Record<string, unknown>>;
  const given = textOf(options?.template ?? '', options?.templateFile ?? '', sources.files);
  if (given) {
    const { source, text, problem } = given;
    const template = text === undefined ? unusable(source, problem) : readTemplate(source, text, sources.language);
    return { template, data: fixed };
  }
  // what stands in the place of the token's names is read by the template that is built in
  const isUsual = !('Subject' in fixed || 'SANs' in fixed);
  if (isUsual) return { template: undefined, data: fixed };
  const template = readTemplate('the template that is built in', defaultLeafTemplate, sources.language);
  return { template: { ...template, seesUser: false }, data: fixed };
}

/** As step-ca: inline JSON, inline base64, then the file. */
function textOf(template: string, file: string, files: ReadonlyMap<string, string>): Text | undefined {
  const inline = template.trim();
  const source = template === '' ? file : 'options.x509.template';
  if (inline.startsWith('{')) return { source, text: inline, problem: '' };
  if (template !== '') {
    try {
      return { source, text: decodeBase64(inline).toString('utf8'), problem: '' };
    } catch {
      return { source, text: undefined, problem: 'is neither JSON nor base64' };
    }
  }
  return file === '' ? undefined : { source, text: files.get(file), problem: 'cannot be read' };
}

type Text = { readonly source: string; readonly text: string | undefined; readonly problem: string };

function unusable(source: string, problem: string, cause?: unknown): LeafTemplate {
  return {
    seesUser: true,
    source,
    problem,
    render: () => {
      throw templateStopped(`${source}: ${problem}`, cause);
    },
  };
}

function readTemplate(source: string, text: string, language: TemplateLanguage): LeafTemplate {
  let template: Template;
  try {
    template = language.parse(text);
  } catch (error) {
    return unusable(source, describeError(error), error);
  }
  let always: CertificateTemplate | undefined;
  return {
    seesUser: true,
    source,
    problem: undefined,
    render(data, csr) {
      if (always) return always;
      data.setRequest(csr);
      const rendered = execute(source, template, data);
      const described = understood(() => parseCertificateJson(rendered));
      if (!text.includes('{{')) always = described; // nothing in it depends on the request
      return described;
    },
  };
}

/** @throws {AppError} ERR_TEMPLATE_FAIL, ERR_TEMPLATE_DATA (invalid), ERR_TEMPLATE_STOPPED (internal) */
function execute(source: string, template: Template, data: TemplateData): string {
  try {
    return template.execute(data.root);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { cause } = error;
    if (cause instanceof TemplateFailure && cause.message !== '') throw templateFailed(fromByteString(cause.message));
    // what is too much with the client's data may be little without
    if (error.code === 'ERR_TEMPLATE_LIMIT' && data.hasUser) throw templateDataTooMuch(error);
    throw templateStopped(`${source}: ${error.message}`, error);
  }
}

export type TemplatedLeaf = Pick<ExactRequest, 'subjectDer' | 'extensions' | 'serial' | 'signatureAlgorithm'> & {
  readonly commonName: string;
  readonly sans: SubjectAltNames;
};

export type LeafParts = {
  readonly publicKeyDer: Uint8Array;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly provisioner: ProvisionerExtension | undefined;
  /** Fields that a subject gets unless it has them. */
  readonly defaults: SubjectFields;
};

/** @throws {AppError} ERR_TEMPLATE_CERTIFICATE (internal): what it describes cannot be written */
export function encodeLeaf(certificate: CertificateJson, parts: LeafParts): TemplatedLeaf {
  try {
    const subject = withDefaults(certificate.subject, parts.defaults);
    const raw = certificate.rawSubject ? Buffer.from(certificate.rawSubject, 'base64') : undefined;
    const subjectDer = raw && raw.length > 0 ? raw : encodeSubject(subject);
    const extensions = encodeExtensions(certificate, { ...parts, subjectIsEmpty: subjectDer.length === 2 });
    const names = extensions.find(({ oid }) => oid === oids.subjectAltName)?.value;
    return {
      subjectDer,
      extensions: extensions.map(({ der }) => der),
      commonName: subject.commonName ?? '',
      sans: names ? decodeGeneralNames(names, 'template') : { dns: [], ip: [], email: [], uri: [] },
      ...(certificate.serialNumber === null ? {} : { serial: certificate.serialNumber }),
      ...(certificate.signatureAlgorithm === '' ? {} : { signatureAlgorithm: certificate.signatureAlgorithm }),
    };
  } catch (error) {
    throw error instanceof ValueProblem || isAppError(error) ? templateUnusable(error) : error;
  }
}

function withDefaults(subject: NameJson, defaults: SubjectFields): NameJson {
  const missing = Object.entries(defaults).filter(([field]) => !(field in subject));
  return {
    ...subject,
    ...Object.fromEntries(
      missing.map(([field, value]) => [
        field,
        field === 'commonName' || field === 'serialNumber' ? value : [value].flat(),
      ]),
    ),
  };
}

function understood<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof ValueProblem ? templateResult(error.message) : error;
  }
}
