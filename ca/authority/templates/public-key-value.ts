/** Public keys as templates see them: what they ask about keys is kind (`typeIs "*rsa.PublicKey"`), size and curve. */
import { bytesList, Integer, List, Struct, type Value } from '../../../lib/gotemplate/index.ts';
import type { CertificateRequest } from '../../../lib/x509/index.ts';

type Keyed = Pick<CertificateRequest, 'publicKey' | 'publicKeyDer' | 'publicKeyInfo'>;

export function showPublicKey({ publicKey, publicKeyDer, publicKeyInfo: { type, bits } }: Keyed): Value {
  const size = Math.ceil(bits / 8);
  switch (type) {
    case 'RSA': {
      const { n = '' } = publicKey.export({ format: 'jwk' });
      const fields = {
        N: { value: bigInteger(Buffer.from(n, 'base64url')) },
        E: { value: publicKey.asymmetricKeyDetails?.publicExponent ?? 65537n },
      };
      return new Struct('rsa.PublicKey', fields, { pointer: true, methods: { Size: () => BigInt(size) } });
    }
    case 'EC': {
      const point = publicKeyDer.subarray(publicKeyDer.length - 2 * size);
      const curve = showCurve(bits);
      const fields = {
        Curve: { value: curve },
        X: { value: bigInteger(point.subarray(0, size)) },
        Y: { value: bigInteger(point.subarray(size)) },
      };
      // the methods of the curve are the key's own, since Go embeds it
      return new Struct('ecdsa.PublicKey', fields, {
        pointer: true,
        methods: Object.fromEntries(curve.methods),
      });
    }
    default:
      return new List(bytesList(publicKeyDer.subarray(-32).toString('latin1')).items, 'uint8', {
        type: 'ed25519.PublicKey',
      });
  }
}

const algorithms = { RSA: [1n, 'RSA'], EC: [3n, 'ECDSA'], Ed25519: [4n, 'Ed25519'] } as const;

export function showPublicKeyAlgorithm({ publicKeyInfo }: Pick<Keyed, 'publicKeyInfo'>): Integer {
  const [number, name] = algorithms[publicKeyInfo.type];
  return new Integer('x509.PublicKeyAlgorithm', number, name);
}

function showCurve(bits: number): Struct {
  const parameters = new Struct(
    'elliptic.CurveParams',
    { BitSize: { value: BigInt(bits) }, Name: { value: `P-${bits}` } },
    { pointer: true },
  );
  return new Struct('elliptic.Curve', {}, { pointer: true, methods: { Params: () => parameters } });
}

function bigInteger(bytes: Buffer): Struct {
  const value = BigInt(`0x${bytes.toString('hex') || '0'}`);
  return new Struct('big.Int', {}, { pointer: true, text: String(value), jsonValue: value });
}
