/**
 * bcrypt_pbkdf of OpenBSD, by which OpenSSH derives the key of an encrypted private key file: bcrypt's Blowfish with a
 * costly key schedule, in a PBKDF2-like loop over SHA-512. Node has no such function. For reading such files only.
 *
 * Keep: the caller bounds the rounds; one takes some ten milliseconds per 32 bytes.
 */
import { createHash } from 'node:crypto';

const hashBytes = 32;
const sha512 = (...parts: Uint8Array[]): Buffer => createHash('sha512').update(Buffer.concat(parts)).digest();

/** `length` bytes of key from a password. */
export function bcryptPbkdf(password: string | Uint8Array, salt: Uint8Array, rounds: number, length: number): Buffer {
  const stride = Math.ceil(length / hashBytes);
  const perBlock = Math.ceil(length / stride);
  const passwordHash = words(sha512(Buffer.from(password as string)));
  const key = Buffer.alloc(length);
  for (let block = 0; block < stride; block++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(block + 1);
    let round = bcryptHash(passwordHash, words(sha512(salt, counter)));
    const out = Buffer.from(round);
    for (let count = 1; count < rounds; count++) {
      round = bcryptHash(passwordHash, words(sha512(round)));
      for (let index = 0; index < hashBytes; index++) out[index] = (out[index] ?? 0) ^ (round[index] ?? 0);
    }
    // bytes of the blocks are interleaved, so that no part of the key is cheaper than another
    for (let index = 0; index < perBlock; index++) {
      const at = index * stride + block;
      if (at < length) key[at] = out[index] ?? 0;
    }
  }
  return key;
}

/** 32 bytes from two hashes of 16 words. */
function bcryptHash(password: Uint32Array, salt: Uint32Array): Buffer {
  const state = new Blowfish();
  state.expand(password, salt);
  for (let count = 0; count < 64; count++) {
    state.expand(salt);
    state.expand(password);
  }
  const text = words(Buffer.from('OxychromaticBlowfishSwatDynamite', 'latin1'));
  for (let count = 0; count < 64; count++) {
    for (let index = 0; index < text.length; index += 2) state.encipher(text, index);
  }
  const out = Buffer.alloc(hashBytes);
  for (const [index, word] of text.entries()) out.writeUInt32LE(word, index * 4);
  return out;
}

function words(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4));
}

/** Subkeys in the first 18 words, then four boxes of 256. */
const subkeys = 18;
const stateWords = subkeys + 4 * 256;

class Blowfish {
  readonly #state = initialState().slice();

  /** Mixes a key into the subkeys, then replaces the whole state by its own output, fed with `salt` when given. */
  expand(key: Uint32Array, salt?: Uint32Array): void {
    const state = this.#state;
    for (let index = 0; index < subkeys; index++) state[index] = (state[index] ?? 0) ^ (key[index % key.length] ?? 0);
    const block = new Uint32Array(2);
    for (let index = 0; index < stateWords; index += 2) {
      if (salt) {
        block[0] = (block[0] ?? 0) ^ (salt[index % salt.length] ?? 0);
        block[1] = (block[1] ?? 0) ^ (salt[(index + 1) % salt.length] ?? 0);
      }
      this.encipher(block, 0);
      state[index] = block[0] ?? 0;
      state[index + 1] = block[1] ?? 0;
    }
  }

  /** One block of two words, in place. */
  encipher(block: Uint32Array, at: number): void {
    const state = this.#state;
    let left = (block[at] ?? 0) ^ (state[0] ?? 0);
    let right = block[at + 1] ?? 0;
    for (let round = 1; round <= 16; round += 2) {
      right ^= this.#mix(left) ^ (state[round] ?? 0);
      left ^= this.#mix(right) ^ (state[round + 1] ?? 0);
    }
    block[at] = right ^ (state[17] ?? 0);
    block[at + 1] = left;
  }

  #mix(word: number): number {
    const state = this.#state;
    const [a, b] = [state[18 + (word >>> 24)] ?? 0, state[274 + ((word >>> 16) & 0xff)] ?? 0];
    const [c, d] = [state[530 + ((word >>> 8) & 0xff)] ?? 0, state[786 + (word & 0xff)] ?? 0];
    return (((a + b) ^ c) + d) | 0;
  }
}

let piWords: Uint32Array | undefined;

/** The fraction of pi in binary, as Blowfish defines it; computed by Machin's formula, once. */
function initialState(): Uint32Array {
  if (piWords) return piWords;
  const guard = 64n;
  const one = 1n << (BigInt(stateWords * 32) + guard);
  const arctanOfInverse = (x: bigint): bigint => {
    let sum = 0n;
    let power = one / x;
    for (let divisor = 1n; power > 0n; divisor += 2n, power /= x * x) {
      sum += divisor % 4n === 1n ? power / divisor : -(power / divisor);
    }
    return sum;
  };
  const pi = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n);
  const fraction = (pi - 3n * one) >> guard;
  const bytes = Buffer.from(fraction.toString(16).padStart(stateWords * 8, '0'), 'hex');
  piWords = words(bytes);
  return piWords;
}
