import { InvalidTokenError } from './invalid-token.error.js';

/** The longest body of a response that is read, in bytes. */
export const longestBodyInBytes = 1024 * 1024;

/** The longest access token that is accepted, in characters. PostgreSQL takes 65,530 bytes at a login. */
export const longestTokenLength = 64 * 1024;

/** @throws {InvalidTokenError} for a token above the limit */
export function checkTokenLength(token: string): void {
  if (token.length <= longestTokenLength) return;
  throw new InvalidTokenError(
    'malformed',
    `The token endpoint returned a token of ${token.length} characters; the limit is ${longestTokenLength}.`,
    'Check what responds at the token endpoint, and whether the identity is in thousands of groups.',
  );
}
