/**
 * Makes leaves under the issuing certificate: validity, names against the issuing chain's constraints, provisioner
 * extension. Knows nothing of tokens being used or certificates being kept.
 */
import type { KeyObject } from 'node:crypto';
import type { EpochMs } from '../../lib/time/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  createLeafIssuer,
  drawSerial,
  findNameConstraintProblem,
  groupSans,
  type LeafIssuer,
  type ProvisionerExtension,
  parseCertificate,
  type SubjectAltNames,
  type SubjectFields,
} from '../../lib/x509/index.ts';
import type { NamePolicyJson } from '../config/index.ts';
import type { CertificateJson } from './certificate-json/certificate.ts';
import type { CertificateTemplate } from './certificate-json/parse.ts';
import type { Claims } from './claims.ts';
import { issuerExpired, nameNotAllowed, policyRefuses, templateUnusable } from './errors.ts';
import { type NamePolicy, type NamesOfCertificate, readNamePolicy } from './name-policy/name-policy.ts';
import type { VerifiedToken } from './one-time-token.ts';
import { encodeLeaf, type TemplatedLeaf } from './templates/leaf-template.ts';
import { decideValidity, formatGoTime, type Validity, type ValidityRequest, wholeSeconds } from './validity.ts';

export type IssuingSettings = {
  readonly dnsNames: readonly string[];
  /** Subject fields that every leaf gets unless it has them. */
  readonly template: SubjectFields;
  readonly backdateMs: number;
  readonly policy: NamePolicyJson | undefined;
};

/** A certificate that was written here. What is known of it is not read back from it: that would cost a third more. */
export type IssuedCertificate = Pick<
  Certificate,
  'der' | 'serial' | 'commonName' | 'sans' | 'notBefore' | 'notAfter' | 'publicKeyInfo'
>;

/** What is decided of a leaf before it is signed. */
export type PreparedLeaf = {
  readonly commonName: string;
  readonly sans: SubjectAltNames;
  readonly validity: Validity;
  readonly clipped: boolean;
  readonly key: LeafKey;
  readonly provisioner: ProvisionerExtension | undefined;
  /** What a template describes in place of the usual leaf. */
  readonly exact?: TemplatedLeaf & { readonly json: CertificateJson };
};

export type Leaf = {
  readonly certificate: IssuedCertificate;
  /** The end that was asked for lay beyond the issuer's and was moved to it. */
  readonly clipped: boolean;
};

/** Start of the CA's own certificate before now, against clients whose clock lags. */
const serverBackdateMs = 60_000;

type LeafKey = Pick<CertificateRequest, 'publicKeyDer' | 'publicKeyInfo'>;

export class Issuing {
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly #issuer: LeafIssuer;
  readonly #settings: IssuingSettings;
  readonly #policy: NamePolicy | undefined;

  /** @throws {AppError} ERR_ISSUER, ERR_CA_POLICY (invalid) */
  constructor(chain: readonly [Certificate, ...Certificate[]], key: KeyObject, settings: IssuingSettings) {
    this.chain = chain;
    this.#issuer = createLeafIssuer(chain[0], key);
    this.#settings = settings;
    this.#policy = readNamePolicy(settings.policy, 'authority.policy.x509');
  }

  /**
   * A leaf for what a token allows, all but its signature.
   * @param described what a template made of it, in place of the usual leaf
   * @throws {AppError} ERR_VALIDITY_…, ERR_NAME_POLICY, ERR_NAME_CONSTRAINTS, ERR_SAN, ERR_CA_EXPIRED
   */
  prepare(
    token: VerifiedToken,
    request: ValidityRequest & { readonly csr: LeafKey },
    claims: Claims,
    now: EpochMs,
    described?: CertificateTemplate,
  ): PreparedLeaf {
    const { name, state } = token.provisioner;
    const provisioner: ProvisionerExtension | undefined = claims.disableSmallstepExtensions
      ? undefined
      : { type: 'JWK', name, credentialId: state.kid };
    const json = described?.certificate;
    const exact = json && {
      json,
      ...encodeLeaf(json, {
        publicKeyDer: request.csr.publicKeyDer,
        authorityKeyId: this.chain[0].subjectKeyId,
        provisioner,
        defaults: this.#settings.template,
      }),
    };
    const { commonName, sans } = exact ?? { commonName: token.subject, sans: groupSans(token.sans) };
    const asked = {
      notBefore: request.notBefore ?? described?.notBefore,
      notAfter: request.notAfter ?? described?.notAfter,
    };
    const wanted = decideValidity(asked, claims, this.#settings.backdateMs, now);
    const names = { commonName, sans };
    requireByPolicy(state.policy, names, `provisioner ${name}`);
    this.#requireAllowedNames(sans);
    requireByPolicy(this.#policy, names, 'authority');
    return { ...names, ...this.#clip(wanted, now), key: request.csr, provisioner, ...(exact ? { exact } : {}) };
  }

  /** @throws {AppError} ERR_SAN, ERR_SUBJECT, ERR_TEMPLATE_CERTIFICATE (what cannot be written) */
  sign(leaf: PreparedLeaf): Leaf {
    const { commonName, sans, validity, clipped, key, exact } = leaf;
    const serial = exact?.serial ?? drawSerial();
    const der = exact ? this.#signExact({ ...leaf, exact }, serial) : this.#signUsual(leaf, serial);
    return { certificate: { der, serial, commonName, sans, publicKeyInfo: key.publicKeyInfo, ...validity }, clipped };
  }

  #signUsual({ commonName, sans, validity, key, provisioner }: PreparedLeaf, serial: bigint): Buffer {
    return this.#issuer.issue({
      ...validity,
      serial,
      subject: { ...this.#settings.template, commonName },
      sans,
      publicKeyDer: key.publicKeyDer,
      ...(provisioner ? { provisioner } : {}),
    });
  }

  /** Read back before it is given away: a template may have put anything into it. */
  #signExact({ exact, validity, key }: PreparedLeaf & { exact: TemplatedLeaf }, serial: bigint): Buffer {
    try {
      const der = this.#issuer.issueExact({ ...exact, ...validity, serial, publicKeyDer: key.publicKeyDer });
      parseCertificate(der);
      return der;
    } catch (cause) {
      throw templateUnusable(cause);
    }
  }

  /** The same certificate with a new life of the same length; with another key if one is given. */
  reissue(old: Certificate, newKey: LeafKey | undefined, now: EpochMs): Leaf {
    this.#requireAllowedNames(old.sans);
    const notBefore = now - this.#settings.backdateMs;
    const { validity, clipped } = this.#clip({ notBefore, notAfter: notBefore + old.notAfter - old.notBefore }, now);
    const serial = drawSerial();
    const { commonName, sans } = old;
    const { publicKeyInfo } = newKey ?? old;
    const der = this.#issuer.reissue(old, {
      ...validity,
      serial,
      ...(newKey ? { publicKeyDer: newKey.publicKeyDer } : {}),
    });
    return { certificate: { der, serial, commonName, sans, publicKeyInfo, ...validity }, clipped };
  }

  /** A leaf for the CA's own names: no provisioner. @throws {AppError} ERR_NAME_CONSTRAINTS, ERR_SAN, ERR_CA_EXPIRED */
  issueServerCertificate(commonName: string, publicKeyDer: Uint8Array, lifeMs: number, now: EpochMs): Certificate {
    const sans = groupSans(this.#settings.dnsNames.map((name) => name.replace(/^\[(.*)\]$/, '$1')));
    this.#requireAllowedNames(sans);
    const { validity } = this.#clip({ notBefore: now - serverBackdateMs, notAfter: now + lifeMs }, now);
    return parseCertificate(this.#issuer.issue({ ...validity, subject: { commonName }, sans, publicKeyDer }));
  }

  #requireAllowedNames(sans: Certificate['sans']): void {
    const problem = findNameConstraintProblem(this.chain, sans);
    if (problem) throw nameNotAllowed(problem);
  }

  /** No leaf outlives its issuer: nobody could verify it. step-ca issues it all the same. */
  #clip(wanted: Validity, now: EpochMs): { validity: Validity; clipped: boolean } {
    const { notAfter } = this.chain[0];
    if (notAfter < now) throw issuerExpired(formatGoTime(notAfter));
    const notBefore = wholeSeconds(wanted.notBefore); // as a certificate says them
    if (wanted.notAfter <= notAfter) {
      return { validity: { notBefore, notAfter: wholeSeconds(wanted.notAfter) }, clipped: false };
    }
    return { validity: { notBefore, notAfter }, clipped: true };
  }
}

/** For new certificates: renewals are not asked, as in step-ca. */
function requireByPolicy(policy: NamePolicy | undefined, names: NamesOfCertificate, source: string): void {
  const problem = policy?.findProblem(names);
  if (problem !== undefined) throw policyRefuses(problem, source);
}
