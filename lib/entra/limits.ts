import { InvalidTokenError } from './invalid-token.error.js';

/** The longest body of an answer that is read, in bytes. */
export const longestBodyInBytes = 1024 * 1024;

/** The longest access token that is accepted, in characters. PostgreSQL takes 65,530 bytes at a login. */
export const longestTokenLength = 64 * 1024;

/** @throws {InvalidTokenError} when a token is too long to be one */
export function checkTokenLength(token: string): void {
  if (token.length <= longestTokenLength) return;
  throw new InvalidTokenError(
    'malformed',
    `The token endpoint answered with a token of ${token.length} characters; the most is ${longestTokenLength}.`,
    'Check what answers at the token endpoint, and whether the identity is in thousands of groups.',
  );
}
