/**
 * The certificate template of a provisioner (`options.x509` in ca.json). Its text is JSON that describes a certificate;
 * actions in it (`{{ … }}`) are not executed here yet, and a template with any is refused when it is loaded: without
 * them the certificate would not be what the operator asked for.
 */

import { isAppError } from '../../../lib/errors/index.ts';
import type { ExactRequest, SubjectAltNames } from '../../../lib/x509/index.ts';
import { decodeGeneralNames, oids, type ProvisionerExtension, type SubjectFields } from '../../../lib/x509/index.ts';
import type { CertificateJson } from '../certificate-json/certificate.ts';
import { encodeSubject } from '../certificate-json/encode-name.ts';
import { encodeExtensions } from '../certificate-json/extensions.ts';
import type { NameJson } from '../certificate-json/name.ts';
import { type CertificateTemplate, parseCertificateJson } from '../certificate-json/parse.ts';
import { decodeBase64, ValueProblem } from '../certificate-json/typed-value.ts';
import { templateResult, templateUnusable } from '../errors.ts';

export type LeafTemplate = {
  /** @throws {AppError} ERR_TEMPLATE_RESULT (internal) */
  render(): CertificateTemplate;
};

/** Undefined without a template; a text says what is wrong with it. `files` are those that templateFile may name. */
export function readLeafTemplate(
  options: { readonly template?: string | undefined; readonly templateFile?: string | undefined } | undefined,
  files: ReadonlyMap<string, string>,
): LeafTemplate | string | undefined {
  const text = textOf(options?.template?.trim() ?? '', options?.templateFile ?? '', files);
  if (text === undefined || typeof text === 'object') return text?.problem;
  if (text.includes('{{')) return 'options.x509: templates with actions are not supported';
  return { render: () => understood(() => parseCertificateJson(text)) };
}

/** As step-ca: inline JSON, inline base64, then the file. */
function textOf(template: string, file: string, files: ReadonlyMap<string, string>) {
  if (template.startsWith('{')) return template;
  if (template !== '') {
    try {
      return decodeBase64(template).toString('utf8');
    } catch {
      return { problem: 'options.x509.template is neither JSON nor base64' };
    }
  }
  if (file === '') return undefined;
  return files.get(file) ?? { problem: `options.x509.templateFile: ${file} cannot be read` };
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
