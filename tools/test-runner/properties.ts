/**
 * Loaded before every test run: properties of fast-check draw the same cases each time, so that a change is judged by what
 * it changes. AUTOCERT_TEST_SEED, a whole number, draws others; `make fuzz` does that round after round.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';

const seed = Number(process.env.AUTOCERT_TEST_SEED ?? 1);
assert.ok(Number.isInteger(seed), 'AUTOCERT_TEST_SEED is not a whole number');
fc.configureGlobal({ seed });
