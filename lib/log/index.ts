export type { BatchedOutput } from './batched-output.ts';
export {
  batchedStandardOutput,
  createLogger,
  type LogFields,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  parseLogLevel,
  silentLogger,
} from './logger.ts';
export { redactText, redactValue } from './redact.ts';
