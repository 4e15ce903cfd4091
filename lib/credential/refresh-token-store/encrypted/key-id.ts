import { readHeader } from './token-cipher.js';

/**
 * Id of the key that a stored refresh token is encrypted with; needs no key.
 *
 * @param refreshToken as the wrapped store holds it
 * @returns `undefined` when it is not encrypted by this package
 */
export function keyIdOf(refreshToken: string): string | undefined {
  return readHeader(refreshToken)?.keyId;
}
