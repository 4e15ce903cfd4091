import { types } from 'node:util';

/** Whether a value is an error, also one from another realm: of a test runner's sandbox, or a worker's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
