export { decodeBase64url, encodeBase64url } from './base64url.ts';
export {
  bitString,
  boolean,
  contextTag,
  DerReader,
  type DerValue,
  decodeBitString,
  decodeTime,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  Tag,
  time,
  tlv,
} from './der.ts';
export { encodePem, type PemBlock, parseCertificatePem, parsePem } from './pem.ts';
