import { isError } from './is-error.js';

/** What was thrown, as an `Error`: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return isError(thrown)
    ? thrown
    : new Error(typeof thrown === 'string' ? thrown : 'A value that is not an Error was thrown.');
}
