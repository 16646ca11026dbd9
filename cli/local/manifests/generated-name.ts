/**
 * Names from `generateName`, as the API server makes them: five characters without vowels and look-alikes, so that no
 * word appears (k8s.io/apimachinery util/rand), on a prefix cut to 58.
 */
import { randomInt } from 'node:crypto';

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

export const randomSuffix = (): string =>
  Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('');

export const nameFromPrefix = (prefix: string): string => prefix.slice(0, 58) + randomSuffix();
