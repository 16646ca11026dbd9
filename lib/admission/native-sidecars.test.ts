import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasNativeSidecars } from './native-sidecars.ts';

describe('hasNativeSidecars', () => {
  // An API server 1.32 may have kubelets 1.29, the first that run sidecars by default; 1.31 may have 1.28.
  for (const [major, minor, want] of [
    [1, 28, false],
    [1, 31, false],
    [1, 32, true],
    [1, 37, true],
    [2, 0, true],
  ] as const) {
    it(`is ${want} for ${major}.${minor}`, () => assert.equal(hasNativeSidecars({ major, minor }), want));
  }
});
