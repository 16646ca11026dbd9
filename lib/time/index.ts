export { type BackoffPolicy, backoffMs } from './backoff.ts';
export { type Clock, type EpochMs, sleepUntil, systemClock } from './clock.ts';
export { formatGoDuration, parseGoDuration, tryParseGoDuration } from './go-duration.ts';
