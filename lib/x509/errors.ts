/** What can be wrong with certificates, requests and names. */
import { AppError } from '../errors/index.ts';

const clip = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** `what` is `certificate` or `csr`. */
export const malformed = (what: string, problem: string): AppError =>
  what === 'csr'
    ? new AppError('ERR_CSR', 'invalid', `csr: ${problem}`)
    : new AppError('ERR_CERTIFICATE', 'invalid', `${what}: ${problem}`);

export const unsupportedPublicKey = (problem: string): AppError =>
  new AppError('ERR_PUBLIC_KEY', 'invalid', `public key: ${problem}`);
export const unusablePublicKey = (problem: string): AppError =>
  new AppError('ERR_PUBLIC_KEY_KIND', 'invalid', `public key: ${problem}`);

export const sanNotEncodable = (type: string, value: string): AppError =>
  new AppError('ERR_SAN', 'invalid', `name ${clip(value)}: cannot be written as ${type} name, which is ASCII only`, {
    hint: 'write international domain names in their xn-- form',
  });

export const sanHostInvalid = (value: string): AppError =>
  new AppError('ERR_SAN', 'invalid', `name ${clip(value)}: its host is not a domain name in ASCII`, {
    hint: 'write international domain names in their xn-- form',
  });

export const subjectNotEncodable = (attribute: string): AppError =>
  new AppError('ERR_SUBJECT', 'invalid', `subject: ${attribute} is not valid Unicode text`);

export const validityNotEncodable = (): AppError =>
  new AppError('ERR_VALIDITY', 'invalid', 'validity: not within the years 0 to 9999');

export const issuerUnfit = (problem: string): AppError =>
  new AppError('ERR_ISSUER', 'invalid', `issuer certificate: ${problem}`);

export const chainUntrusted = (name: string, problem: string): AppError =>
  new AppError('ERR_CHAIN_UNTRUSTED', 'unauthenticated', `certificate ${clip(name)}: ${problem}`);

export const chainTime = (name: string, early: boolean): AppError =>
  early
    ? new AppError('ERR_CHAIN_NOT_YET_VALID', 'unauthenticated', `certificate ${clip(name)}: is not yet valid`)
    : new AppError('ERR_CHAIN_EXPIRED', 'unauthenticated', `certificate ${clip(name)}: has expired`);

export const chainUsage = (name: string, problem: string): AppError =>
  new AppError('ERR_CHAIN_USAGE', 'unauthenticated', `certificate ${clip(name)}: ${problem}`);

export const chainNames = (name: string, problem: string): AppError =>
  new AppError('ERR_CHAIN_NAMES', 'unauthenticated', `certificate ${clip(name)}: ${problem}`);
