import type { RefreshTokenKeyRing } from '../credential/refresh-token-store/encrypted/key-ring.js';
import { EntraOptionsError } from '../errors/options.error.js';

/** Where the keys of encrypted stores come from. */
export const keysVariable = 'ENTRA_AUTH_STORE_KEYS';

/**
 * Reads `kid=key,kid=key`: ids, and keys of 32 bytes as base64url. The first one encrypts.
 *
 * @throws {EntraOptionsError} which shows nothing of a key
 */
export function readKeyRing(text: string | undefined): RefreshTokenKeyRing | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  // Not an object: it would put ids that are numbers, such as years, in an order of its own.
  const keys = new Map<string, string>();
  for (const [n, entry] of text.split(',').entries()) {
    const at = entry.indexOf('=');
    const kid = entry.slice(0, at).trim();
    if (at < 0 || kid === '' || keys.has(kid)) {
      throw new EntraOptionsError(
        keysVariable,
        `its entry ${n + 1} ${keys.has(kid) ? 'names an id that an earlier one has' : 'is not of the form "kid=key"'}`,
        'Write "2026=<key>,2025=<older key>"; `openssl rand -base64 32` makes a key.',
      );
    }
    keys.set(kid, base64Url(entry.slice(at + 1).trim()));
  }
  const [current = ''] = keys.keys();
  return { current, keys: Object.fromEntries(keys) };
}

function base64Url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
