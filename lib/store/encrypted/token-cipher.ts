import { parseJsonObject } from '../../common/json-object.js';
import { optionalPackage } from '../../common/optional-package.js';
import { RefreshTokenUnreadableError } from '../refresh-token-store.error.js';
import type { StoredRefreshToken } from '../refresh-token-store.js';
import { faultOfStored } from '../stored-refresh-token.js';
import type { KeyRing } from './key-ring.js';

type Jose = typeof import('jose');

/**
 * @param load for tests
 * @throws {EntraOptionsError} when `jose` is not installed
 */
export function loadJose(load: () => Promise<Jose> = () => import('jose')): Promise<Jose> {
  const advice = ' Under jest, run Node.js with --experimental-vm-modules: the package is an ES module.';
  return optionalPackage({ name: 'jose', option: 'keys', load, advice });
}

const type = 'entra-refresh-token+jwe';
const algorithm = 'dir';
const encryption = 'A256GCM';
const restoreFix = 'Restore it from a backup, or remove it and sign in again.';

/** The header of an encrypted record: readable, and protected from changes. */
interface CipherHeader {
  readonly keyId: string;
  readonly name: string;
}

/**
 * Encrypts a stored record into one text, and decrypts it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7516
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-5.3
 */
export class TokenCipher {
  readonly #keys: KeyRing;
  readonly #name: string;
  readonly #alsoRead: readonly string[];

  /**
   * @param name bound into every record, so that another store refuses it
   * @param alsoRead names that earlier records may have
   */
  constructor(keys: KeyRing, name: string, alsoRead: readonly string[] = []) {
    this.#keys = keys;
    this.#name = name;
    this.#alsoRead = alsoRead;
  }

  async encrypt(value: StoredRefreshToken): Promise<string> {
    const { CompactEncrypt } = await loadJose();
    const header = { alg: algorithm, enc: encryption, typ: type, kid: this.#keys.current, store: this.#name };
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
      .setProtectedHeader(header)
      .encrypt(this.#keys.currentKey);
  }

  /** Whether a record has the current name and key. */
  isCurrent(text: string): boolean {
    const header = readHeader(text);
    return header?.keyId === this.#keys.current && header.name === this.#name;
  }

  /** @throws {RefreshTokenUnreadableError} for a missing key, the record of another store, or a changed record */
  async decrypt(text: string): Promise<StoredRefreshToken> {
    const header = readHeader(text);
    if (header === undefined) throw unreadable('it is not a whole JWE of this package', restoreFix);
    const { keyId, name } = header;
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw unreadable(
        `it is encrypted with the key "${keyId}", which is not in the key ring`,
        `Add the key "${keyId}" to the key ring.`,
      );
    }
    if (name !== this.#name && !this.#alsoRead.includes(name)) {
      throw unreadable(
        `it was encrypted for the store "${name}", and this one is "${this.#name}"`,
        `If it was moved here on purpose, give the encrypted store "name": "${name}" (\`--name\` of the command).`,
      );
    }
    const { compactDecrypt } = await loadJose();
    const only = { keyManagementAlgorithms: [algorithm], contentEncryptionAlgorithms: [encryption] };
    try {
      const { plaintext } = await compactDecrypt(text, key, only);
      const value: unknown = JSON.parse(new TextDecoder().decode(plaintext));
      if (faultOfStored(value) === undefined) return value as StoredRefreshToken;
    } catch {
      // The error is dropped: that of the library gives no reason, and that of the JSON parser quotes secrets.
    }
    throw unreadable(
      `it does not decrypt with the key "${keyId}": it was changed, or the id now names another key`,
      `Give the id "${keyId}" to the key that encrypted it. ${restoreFix}`,
    );
  }
}

/**
 * Whether a refresh token is an encrypted record, whole or not. The refresh tokens of some servers are JWEs too, with a
 * header of another type.
 */
export function isEncrypted(text: string): boolean {
  const header = parseHeader(text);
  return header === undefined ? directlyEncrypted.test(text) : header['typ'] === type;
}

// A compact JWE without an encrypted key.
const directlyEncrypted = /^[^.]*\.\.[^.]*\.[^.]*\.[^.]*$/;

/**
 * Reads the id of the key that encrypted a stored refresh token. Needs no key.
 *
 * @param refreshToken as the wrapped store holds it
 * @returns `undefined` unless this package encrypted it
 */
export function keyIdOf(refreshToken: string): string | undefined {
  return readHeader(refreshToken)?.keyId;
}

/** @returns `undefined` unless the text begins with the header of an encrypted record */
function readHeader(text: string): CipherHeader | undefined {
  const header = isEncrypted(text) ? parseHeader(text) : undefined;
  const { kid, store } = header ?? {};
  return typeof kid === 'string' && typeof store === 'string' ? { keyId: kid, name: store } : undefined;
}

function parseHeader(text: string): Record<string, unknown> | undefined {
  return parseJsonObject(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString('utf8'));
}

export function unreadable(reason: string, fix: string): RefreshTokenUnreadableError {
  return new RefreshTokenUnreadableError(
    `The refresh token in the encrypted store cannot be read: ${reason}. It is left as it is.`,
    fix,
  );
}
