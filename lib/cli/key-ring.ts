import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { RefreshTokenKeyRing } from '../store/encrypted/key-ring.js';

/** Where the keys of encrypted stores come from. */
export const keysVariable = 'ENTRA_AUTH_STORE_KEYS';

// Shorter than a key: a key that stands where an id belongs would be shown and stored as one.
const idPattern = /^[\w.-]{1,40}$/;
const keyPattern = /^[\w-]{43}$/;
const fix = 'Write "2026=<key>,2025=<older key>"; `openssl rand -base64 32` makes a key.';

/**
 * Reads `kid=key,kid=key`: ids, and keys of 32 bytes as base64 or base64url. The first one encrypts.
 *
 * @throws {EntraOptionsError} which shows nothing of a key
 */
export function readKeyRing(text: string | undefined): RefreshTokenKeyRing | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  // Not an object: it would put ids that are numbers, such as years, in an order of its own.
  const keys = new Map<string, string>();
  for (const [n, entry] of text.split(',').entries()) {
    const at = entry.indexOf('=');
    const kid = entry.slice(0, Math.max(0, at)).trim();
    const key = base64Url(entry.slice(at + 1).trim());
    const fault = faultOf(kid, key, keys);
    if (fault !== undefined) throw new EntraOptionsError(keysVariable, `its entry ${n + 1} ${fault}`, fix);
    keys.set(kid, key);
  }
  const [current = ''] = keys.keys();
  return { current, keys: Object.fromEntries(keys) };
}

function faultOf(kid: string, key: string, before: ReadonlyMap<string, string>): string | undefined {
  if (kid === '' || key === '') return 'is not of the form "kid=key"';
  if (!idPattern.test(kid))
    return 'has an id of more than 40 characters, or of others than letters, digits, "_", "." and "-"';
  if (!keyPattern.test(key)) return 'has a key that is not 32 bytes as base64';
  return before.has(kid) ? 'has the id of an earlier one' : undefined;
}

function base64Url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
