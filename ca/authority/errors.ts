/**
 * What the issuing core refuses. A client sees the message of `invalid` and `forbidden` ones (the texts are step-ca's)
 * and nothing of most `unauthenticated` ones: which check a token failed is for the log.
 */
import { AppError } from '../../lib/errors/index.ts';

const invalid = (code: string, message: string): AppError => new AppError(code, 'invalid', message);
const forbidden = (code: string, message: string, context?: Record<string, unknown>): AppError =>
  new AppError(code, 'forbidden', message, context ? { context } : {});
const unauthenticated = (
  code: string,
  message: string,
  details: ConstructorParameters<typeof AppError>[3] = {},
): AppError => new AppError(code, 'unauthenticated', message, details);

// Configuration of the authority
export const claimsInvalid = (source: string, problem: string): AppError =>
  invalid('ERR_CA_CLAIMS', `claims of ${source}: ${problem}`);
export const policyInvalid = (source: string, problem: string): AppError =>
  invalid('ERR_CA_POLICY', `${source}: ${problem}`);
export const provisionerDuplicate = (name: string, what: string): AppError =>
  invalid(
    'ERR_CA_PROVISIONER_DUPLICATE',
    `provisioner "${name}": cannot add multiple provisioners with the same ${what}`,
  );

// One-time tokens
export const tokenMalformed = (cause: unknown): AppError =>
  unauthenticated('ERR_TOKEN_MALFORMED', 'token: not a signed JWT', { cause });
export const tokenProvisionerUnknown = (
  issuer: string,
  kid: string,
  audience: readonly string[],
  names: readonly string[],
): AppError =>
  unauthenticated('ERR_TOKEN_PROVISIONER', 'token: provisioner not found, or audience of another authority', {
    context: { issuer, kid, audience, dnsNames: names },
    hint: 'the audience must be https://NAME/1.0/sign with a NAME of dnsNames in ca.json, or an address of authority.audiences and /1.0/sign',
  });
export const provisionerDisabled = (name: string, reason: string): AppError =>
  unauthenticated(
    'ERR_PROVISIONER_DISABLED',
    `provisioner ${JSON.stringify(name)} is disabled due to an initialization error`,
    {
      context: { reason },
    },
  );
export const tokenTooOld = (): AppError =>
  unauthenticated('ERR_TOKEN_BEFORE_START', 'token: issued before this certificate authority started', {
    hint: 'set authority.disableIssuedAtCheck, or mint a new token',
  });
export const tokenReused = (tokenKey: string): AppError =>
  unauthenticated('ERR_TOKEN_REUSED', 'token: already used', { context: { tokenKey } });
export const tokenSignature = (cause: unknown): AppError =>
  unauthenticated('ERR_TOKEN_SIGNATURE', 'token: signature does not verify', { cause });
export const tokenClaim = (claim: string, problem: string): AppError =>
  unauthenticated('ERR_TOKEN_CLAIM', `token: ${problem} (${claim})`, { context: { claim } });
export const tokenAudience = (given: readonly string[], wanted: readonly string[]): AppError =>
  unauthenticated('ERR_TOKEN_AUDIENCE', 'token: audience of another operation (aud)', { context: { given, wanted } });

// Certificate requests against their token
export const csrFingerprint = (wanted: string): AppError =>
  forbidden('ERR_CSR_FINGERPRINT', `certificate request fingerprint does not match ${JSON.stringify(wanted)}`);
export const csrCommonName = (got: string, want: string): AppError =>
  forbidden(
    'ERR_CSR_COMMON_NAME',
    `certificate request does not contain the valid common name - got ${got}, want ${want}`,
  );
export const csrKeySize = (bits: number): AppError =>
  forbidden('ERR_CSR_KEY_SIZE', 'certificate request RSA key must be at least 2048 bits (256 bytes)', { bits });
export const csrNames = (kind: string, got: string, want: string): AppError =>
  forbidden('ERR_CSR_NAMES', `certificate request does not contain the valid ${kind} - got ${got}, want ${want}`);

// Validity
export const notAfterInPast = (notAfter: string): AppError =>
  invalid('ERR_VALIDITY_PAST', `notAfter cannot be in the past; na=${notAfter}`);
export const notAfterTooEarly = (notAfter: string, notBefore: string): AppError =>
  invalid('ERR_VALIDITY_ORDER', `notAfter cannot be before notBefore; na=${notAfter}, nb=${notBefore}`);
export const durationTooShort = (got: string, min: string): AppError =>
  forbidden(
    'ERR_VALIDITY_SHORT',
    `requested duration of ${got} is less than the authorized minimum certificate duration of ${min}`,
  );
export const durationTooLong = (got: string, max: string): AppError =>
  forbidden(
    'ERR_VALIDITY_LONG',
    `requested duration of ${got} is more than the authorized maximum certificate duration of ${max}`,
  );
export const issuerExpired = (notAfter: string): AppError =>
  new AppError('ERR_CA_EXPIRED', 'internal', `the issuing certificate expired on ${notAfter}`, {
    hint: 'make a new intermediate and set crt and key in ca.json',
  });

export const policyRefuses = (problem: string, source: string): AppError =>
  forbidden('ERR_NAME_POLICY', problem, { policy: source });

// Templates
/** What the author of a template has to say to the client. */
export const templateFailed = (message: string): AppError => invalid('ERR_TEMPLATE_FAIL', message);
export const templateDataTooMuch = (cause?: unknown): AppError =>
  new AppError('ERR_TEMPLATE_DATA', 'invalid', 'template data is too large or nested too deeply', { cause });
/** `problem` names template, line and place, for the log. */
export const templateStopped = (problem: string, cause: unknown): AppError =>
  new AppError('ERR_TEMPLATE_STOPPED', 'internal', 'the certificate template cannot be executed', {
    cause,
    context: { problem },
  });
/** The client reads step-ca's sentence; the log, what is wrong. */
export const templateResult = (problem: string): AppError =>
  new AppError('ERR_TEMPLATE_RESULT', 'internal', 'error applying certificate template', { context: { problem } });
export const templateUnusable = (cause: unknown): AppError =>
  new AppError(
    'ERR_TEMPLATE_CERTIFICATE',
    'internal',
    'the certificate that the template describes cannot be written',
    {
      cause,
    },
  );

/** `shown` is what the client reads; `reason` is for the log. */
export const webhookRefused = (webhook: string, reason: string, shown: string): AppError =>
  forbidden('ERR_WEBHOOK', shown, { webhook, reason });

/** Shown as it is, without the wrapping sentence. */
export const nameNotAllowed = (problem: string): AppError => forbidden('ERR_NAME_CONSTRAINTS', problem);

// Renewal
export const certificateRevoked = (serial: string): AppError =>
  unauthenticated('ERR_RENEW_REVOKED', 'renew: certificate has been revoked', { context: { serial } });
export const renewProvisionerUnknown = (serial: string): AppError =>
  unauthenticated('ERR_RENEW_PROVISIONER', 'renew: the provisioner of the certificate is not here any more', {
    context: { serial },
  });
export const renewDisabled = (provisioner: string): AppError =>
  unauthenticated('ERR_RENEW_DISABLED', `renew: disabled for provisioner '${provisioner}'`);
export const renewTooEarly = (): AppError =>
  unauthenticated('ERR_RENEW_NOT_YET_VALID', 'renew: certificate is not yet valid');
export const renewExpired = (notAfter: string): AppError =>
  unauthenticated(
    'ERR_RENEW_EXPIRED',
    `The request lacked necessary authorization to be completed: certificate expired on ${notAfter}`,
  );
/** `detail` is what the client reads after the fixed text; empty for the fixed text alone. */
export const renewToken = (detail: string, cause?: unknown): AppError =>
  unauthenticated('ERR_RENEW_TOKEN', `error validating renew token${detail === '' ? '' : `: ${detail}`}`, { cause });
/** The one answer of the core API in the shape of the admin API. */
export const renewTokenIssuer = (): AppError =>
  unauthenticated('ERR_RENEW_TOKEN_ISSUER', 'error validating renew token: invalid issuer claim (iss)');

// Revocation
export const revokeSubject = (serial: string, subject: string): AppError =>
  forbidden(
    'ERR_REVOKE_SUBJECT',
    `request serial number ${JSON.stringify(serial)} and token subject ${JSON.stringify(subject)} do not match`,
  );
export const revokeCertificate = (serial: string, own: string): AppError =>
  forbidden(
    'ERR_REVOKE_CERTIFICATE',
    `request serial number ${JSON.stringify(serial)} and certificate serial number ${JSON.stringify(own)} do not match`,
  );
export const alreadyRevoked = (serial: string): AppError =>
  invalid('ERR_REVOKED_ALREADY', `certificate with serial number '${serial}' is already revoked`);
export const revocationUnavailable = (): AppError =>
  new AppError('ERR_REVOKE_NO_DATABASE', 'unavailable', 'revoke: there is no database', {
    hint: 'add a db section to ca.json',
  });
