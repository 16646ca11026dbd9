/**
 * The issuing core: what the CA signs, renews, rekeys and revokes, and what it shows of itself. No HTTP, no SQL: the
 * protocol edges call it, and it calls the store through its port.
 *
 * Sign: token verified, token taken, request against token, validity, names against the issuing chain, leaf, stored. The
 * token is taken and the leaf kept in one commit; whatever is refused after the token was taken costs the token.
 *
 * Keep: nothing is answered before it is durable.
 */
import type { KeyObject } from 'node:crypto';
import { isAppError } from '../../lib/errors/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  createRevocationListIssuer,
  fingerprint,
  listSans,
  oids,
  parseCertificate,
  serialDecimal,
} from '../../lib/x509/index.ts';
import type { ClaimsJson, ProvisionerJson, RevocationListSettings } from '../config/index.ts';
import { type Audiences, buildAudiences } from './audiences.ts';
import { defaultLeaf } from './certificate-json/certificate.ts';
import { builtInClaims, type Claims, resolveClaims } from './claims.ts';
import {
  alreadyRevoked,
  certificateRevoked,
  renewDisabled,
  renewExpired,
  renewProvisionerUnknown,
  renewTooEarly,
  revocationUnavailable,
  revokeCertificate,
  revokeSubject,
  tokenReused,
} from './errors.ts';
import { Issuing, type IssuingSettings, type Leaf, type PreparedLeaf } from './issuing.ts';
import { normalizeToken, type TokenOperation, type VerifiedToken, verifyOneTimeToken } from './one-time-token.ts';
import type {
  CertificateRecord,
  CertificateStore,
  Meter,
  ProvisionerRecord,
  TokenUse,
  WebhookCaller,
} from './ports.ts';
import type { Provisioner } from './provisioner.ts';
import { ProvisionerCollection, type ProvisionerPage } from './provisioners.ts';
import { openRenewToken, requireRenewClaims } from './renew-token.ts';
import { requireRequestOfToken, requireStrongKey } from './request-rules.ts';
import { RevocationLists } from './revocation-lists.ts';
import { createTemplateLanguage } from './templates/language.ts';
import { TemplateData } from './templates/template-data.ts';
import { formatGoTime, type ValidityRequest } from './validity.ts';
import { WebhookClient } from './webhooks/webhooks.ts';

export type AuthoritySettings = IssuingSettings & {
  readonly provisioners: readonly ProvisionerJson[];
  readonly claims: ClaimsJson;
  readonly disableIssuedAtCheck: boolean;
  /** Addresses that tokens may name beside those of dnsNames. */
  readonly audiences: readonly string[];
  readonly crl: RevocationListSettings | undefined;
};

export type AuthorityParts = {
  readonly settings: AuthoritySettings;
  /** The issuing certificate, then those above it but the root; served with every leaf. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly key: KeyObject;
  readonly roots: readonly Certificate[];
  readonly federatedRoots: readonly Certificate[];
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** Start of the process; tokens issued before are refused unless disableIssuedAtCheck. */
  readonly startedAt: EpochMs;
  readonly meter: Meter;
  readonly callWebhook: WebhookCaller;
  /** Texts of the files that provisioners name as templateFile, by that name; one that cannot be read is missing. */
  readonly templateFiles: ReadonlyMap<string, string>;
};

/** A leaf that is durable, and what the log says of it. */
export type Issued = Leaf & { readonly provisioner: ProvisionerRecord | undefined };

export type SignRequest = ValidityRequest & {
  readonly csr: CertificateRequest;
  readonly token: string;
  /** For templates: any JSON. */
  readonly templateData?: unknown;
  /** Passed on to webhooks. */
  readonly requestId?: string;
};

/** Hears of a token as soon as it is verified, so that the log can name it also when its request is refused. */
export type TokenObserver = (
  token: Pick<VerifiedToken, 'subject' | 'sans'> & {
    readonly provisioner: string;
    readonly tokenId: string;
  },
) => void;

export type RevokeRequest = {
  /** Decimal. */
  readonly serial: string;
  readonly reasonCode: number;
  readonly reason: string;
  /** A revocation token, or the certificate of the TLS connection. */
  readonly by: { readonly token: string } | { readonly certificate: Certificate };
};

export class Authority {
  readonly provisioners: ProvisionerCollection;
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly roots: readonly Certificate[];
  /** Own roots, then federated ones, each once. */
  readonly federation: readonly Certificate[];
  /** Undefined when the operator wants none. */
  readonly revocationLists: RevocationLists | undefined;
  readonly #byFingerprint: ReadonlyMap<string, Certificate>;
  readonly #settings: AuthoritySettings;
  readonly #claims: Claims;
  readonly #audiences: Audiences;
  readonly #issuing: Issuing;
  readonly #store: CertificateStore;
  readonly #clock: Clock;
  readonly #startedAt: EpochMs;
  readonly #meter: Meter;
  readonly #webhooks: WebhookClient;

  /** @throws {AppError} ERR_CA_CLAIMS, ERR_CA_PROVISIONER_DUPLICATE, ERR_ISSUER (all invalid) */
  constructor(parts: AuthorityParts) {
    this.#settings = parts.settings;
    this.#claims = resolveClaims(parts.settings.claims, builtInClaims, 'authority');
    this.#audiences = buildAudiences(parts.settings.dnsNames, parts.settings.audiences);
    this.#issuing = new Issuing(parts.chain, parts.key, parts.settings);
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#meter = parts.meter;
    this.#webhooks = new WebhookClient(parts.callWebhook, parts.clock);
    this.#startedAt = Math.floor(parts.startedAt / 1000) * 1000;
    this.provisioners = new ProvisionerCollection(parts.settings.provisioners, this.#claims, {
      files: parts.templateFiles,
      language: createTemplateLanguage(parts.clock),
    });
    this.chain = parts.chain;
    this.roots = unique(parts.roots);
    this.federation = unique([...parts.roots, ...parts.federatedRoots]);
    const { crl } = parts.settings;
    this.revocationLists =
      crl && new RevocationLists(createRevocationListIssuer(parts.chain[0], parts.key), crl, parts.store, parts.clock);
    this.#byFingerprint = new Map(this.federation.map((root) => [fingerprint(root.der), root]));
  }

  /** By lower-case hex SHA-256. Federated roots are found too. */
  findRoot = (sha256: string): Certificate | undefined => this.#byFingerprint.get(sha256);

  listProvisioners = (cursor: string, limit: number): ProvisionerPage => this.provisioners.page(cursor, limit);

  /**
   * Issues a leaf for a one-time token.
   * @throws {AppError} unauthenticated for the token, forbidden or invalid for what it does not allow
   */
  async sign(request: SignRequest, observe?: TokenObserver): Promise<Issued> {
    const token = await this.#verifyToken(request.token, 'sign', observe);
    const { name } = token.provisioner;
    let issued: Issued;
    try {
      const asks = token.provisioner.state.webhooks.length > 0;
      issued = asks ? await this.#signAfterWebhooks(token, request) : await this.#signAtOnce(token, request);
    } catch (error) {
      if (!isAppError(error) || error.code !== 'ERR_TOKEN_REUSED') this.#meter.signed(name, false);
      throw error;
    }
    this.#meter.signed(name, true);
    return issued;
  }

  /** Token and leaf in one commit. */
  async #signAtOnce(token: VerifiedToken, request: SignRequest): Promise<Issued> {
    const outcome = await this.#store.useToken(token.use, () => {
      const { name } = token.provisioner;
      requireRequestOfToken(request.csr, token);
      this.#meter.enriched(name, true); // step-ca counts those who had none to ask as well
      const leaf = this.#prepare(token, request);
      this.#meter.authorized(name, true);
      const issued = this.#complete(token, leaf);
      return { result: issued, certificate: recordOf(issued) };
    });
    if (outcome.kind === 'reused') throw tokenReused(token.use.key);
    return outcome.result;
  }

  /** The token is taken first: nobody else is asked about one that is worth nothing. */
  async #signAfterWebhooks(token: VerifiedToken, request: SignRequest): Promise<Issued> {
    const { csr, requestId } = request;
    const { name, state } = token.provisioner;
    await this.#takeToken(token.use);
    requireRequestOfToken(csr, token);
    const data = dataFor(token, request);
    await counted(this.#webhooks.enrich(state.webhooks, { csr, requestId, data }), (success) =>
      this.#meter.enriched(name, success),
    );
    const leaf = this.#prepare(token, request, data);
    if (!state.templates.template) data.setRequest(csr); // authorizing ones see it, as after a template
    const json = leaf.exact?.json ?? defaultLeaf(leaf.commonName, leaf.sans, csr);
    const certificate = { json, ...leaf.validity };
    await counted(this.#webhooks.authorize(state.webhooks, certificate, { csr, requestId, data }), (success) =>
      this.#meter.authorized(name, success),
    );
    const issued = this.#complete(token, leaf);
    await this.#store.addCertificate(recordOf(issued));
    return issued;
  }

  #prepare(token: VerifiedToken, request: SignRequest, data = dataFor(token, request)): PreparedLeaf {
    const { claims = this.#claims, state } = token.provisioner;
    const described = state.templates.template?.render(data, request.csr);
    return this.#issuing.prepare(token, request, claims, this.#clock.now(), described);
  }

  #complete({ provisioner }: VerifiedToken, leaf: PreparedLeaf): Issued {
    return { ...this.#issuing.sign(leaf), provisioner: recordOfProvisioner(provisioner) };
  }

  /**
   * The certificate that a renew token speaks for; the token is taken.
   * @throws {AppError} unauthenticated: ERR_RENEW_TOKEN, ERR_RENEW_TOKEN_ISSUER, ERR_RENEW_PROVISIONER, ERR_TOKEN_REUSED
   */
  async authorizeRenewToken(given: string): Promise<Certificate> {
    const token = normalizeToken(given);
    const opened = openRenewToken(token, this.roots);
    const provisioner = await this.#findProvisioner(opened.leaf);
    // a leaf that nothing ties to a provisioner renews over TLS only
    if (!provisioner) throw renewProvisionerUnknown(serialDecimal(opened.leaf));
    const use = requireRenewClaims(token, opened, provisioner.name, this.#audiences.renew, this.#clock.now());
    await this.#takeToken(use);
    return opened.leaf;
  }

  /**
   * The same certificate with a new life of the same length and, for a rekey, another key.
   * @throws {AppError} unauthenticated: ERR_RENEW_…; forbidden: ERR_NAME_CONSTRAINTS, ERR_CSR_KEY_SIZE
   */
  async renew(old: Certificate, newKey?: CertificateRequest): Promise<Issued> {
    const count = newKey ? this.#meter.rekeyed : this.#meter.renewed;
    let provisioner: Provisioner | undefined;
    try {
      provisioner = await this.#authorizeRenewal(old);
      if (newKey) requireStrongKey(newKey);
      const leaf = this.#issuing.reissue(old, newKey, this.#clock.now());
      const issued = { ...leaf, provisioner: provisioner && recordOfProvisioner(provisioner) };
      await this.#store.addCertificate({ ...recordOf(issued), renews: serialDecimal(old) });
      count(provisioner?.name ?? '', true);
      return issued;
    } catch (error) {
      count(provisioner?.name ?? '', false);
      throw error;
    }
  }

  /**
   * Marks a serial number as revoked: its certificate is not renewed any more. One that was issued elsewhere may be
   * revoked too.
   * @throws {AppError} ERR_REVOKE_NO_DATABASE, ERR_REVOKE_SUBJECT, ERR_REVOKE_CERTIFICATE, ERR_REVOKED_ALREADY,
   *   and those of tokens
   */
  async revoke(request: RevokeRequest, observe?: TokenObserver): Promise<void> {
    const { serial, reasonCode, reason, by } = request;
    let provisionerId: string | undefined;
    let tokenKey: string | undefined;
    if ('token' in by) {
      const token = await this.#verifyToken(by.token, 'revoke', observe);
      await this.#takeToken(token.use);
      if (token.subject !== serial) throw revokeSubject(serial, token.subject);
      provisionerId = token.provisioner.id;
      tokenKey = token.use.key;
    } else {
      const own = serialDecimal(by.certificate);
      if (own !== serial) throw revokeCertificate(serial, own);
      provisionerId = (await this.#findProvisioner(by.certificate))?.id;
    }
    if (!this.#store.persistent) throw revocationUnavailable();
    const known = await this.#store.findCertificate(serial);
    const certificate = 'certificate' in by ? by.certificate : known && parseCertificate(known);
    const first = await this.#store.revoke({
      serial,
      provisionerId,
      reasonCode,
      reason,
      revokedAt: this.#clock.now(),
      expiresAt: certificate?.notAfter,
      tokenKey,
    });
    if (!first) throw alreadyRevoked(serial);
    if (this.#settings.crl?.generateOnRevoke) await this.revocationLists?.generate();
  }

  /** A leaf for the CA's own listener: no provisioner, not stored. @throws {AppError} ERR_NAME_CONSTRAINTS, ERR_SAN */
  issueServerCertificate(commonName: string, publicKeyDer: Uint8Array, lifeMs: number): Certificate {
    return this.#issuing.issueServerCertificate(commonName, publicKeyDer, lifeMs, this.#clock.now());
  }

  async #verifyToken(given: string, operation: TokenOperation, observe?: TokenObserver): Promise<VerifiedToken> {
    const { disableIssuedAtCheck, dnsNames } = this.#settings;
    const context = {
      provisioners: this.provisioners,
      audiences: this.#audiences,
      dnsNames,
      startedAt: disableIssuedAtCheck ? undefined : this.#startedAt,
    };
    const token = await verifyOneTimeToken(given, operation, context, this.#clock.now());
    const { subject, sans, provisioner, use } = token;
    observe?.({ subject, sans, provisioner: provisioner.name, tokenId: use.key });
    return token;
  }

  async #takeToken(use: TokenUse): Promise<void> {
    const { kind } = await this.#store.useToken(use, () => ({ result: undefined }));
    if (kind === 'reused') throw tokenReused(use.key);
  }

  /** The provisioner whose claims decided; undefined for a leaf that never had one, which renews freely. */
  async #authorizeRenewal(certificate: Certificate): Promise<Provisioner | undefined> {
    const serial = serialDecimal(certificate);
    if (await this.#store.isRevoked(serial)) throw certificateRevoked(serial);
    const provisioner = await this.#findProvisioner(certificate);
    const hasExtension = certificate.extensions.some(({ oid }) => oid === oids.provisioner);
    if (!provisioner && hasExtension) throw renewProvisionerUnknown(serial);
    if (provisioner && !provisioner.claims) throw renewProvisionerUnknown(serial);
    const claims = provisioner?.claims ?? { ...this.#claims, disableRenewal: false };
    if (claims.disableRenewal) throw renewDisabled(provisioner?.name ?? '');
    const now = Math.floor(this.#clock.now() / 1000) * 1000;
    if (now < certificate.notBefore) throw renewTooEarly();
    if (now > certificate.notAfter && !claims.allowRenewalAfterExpiry) {
      throw renewExpired(formatGoTime(certificate.notAfter));
    }
    return provisioner;
  }

  /** As the store knows it, else by the name in the certificate. */
  async #findProvisioner(certificate: Certificate): Promise<Provisioner | undefined> {
    const record = await this.#store.findProvisioner(serialDecimal(certificate));
    const stored = record && this.provisioners.findById(record.id);
    if (stored) return stored;
    return certificate.provisioner && this.provisioners.findByName(certificate.provisioner.name);
  }
}

function dataFor({ subject, sans, claims, provisioner }: VerifiedToken, { templateData }: SignRequest): TemplateData {
  const { template, data: fixed } = provisioner.state.templates;
  const data = new TemplateData({ subject, sans, claims, fixed });
  if (template?.seesUser) data.setUser(templateData);
  return data;
}

async function counted<Result>(work: Promise<Result>, count: (success: boolean) => void): Promise<Result> {
  try {
    const result = await work;
    count(true);
    return result;
  } catch (error) {
    count(false);
    throw error;
  }
}

const recordOfProvisioner = ({ id, name, type }: Provisioner): ProvisionerRecord => ({ id, name, type });

function recordOf({ certificate, provisioner }: Issued): CertificateRecord {
  return {
    serial: serialDecimal(certificate),
    der: certificate.der,
    subject: certificate.commonName,
    names: listSans(certificate.sans),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    provisioner,
  };
}

/** The first of each. */
function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((certificate) => [fingerprint(certificate.der), certificate])).values()];
}
