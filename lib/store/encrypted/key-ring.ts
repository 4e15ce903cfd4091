import { createSecretKey, type KeyObject } from 'node:crypto';

import { checkObject, isObject, kindOf } from '../../common/option-checks.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { namesOf } from '../../common/option-table.js';

/** Keys for A256GCM, by their ids (`kid`). */
export interface RefreshTokenKeyRing {
  /** Id of the key that encrypts. The other keys only decrypt. */
  current: string;
  /**
   * Each key by its id: 32 random bytes, or their base64url text as of `openssl rand -base64 32 | tr '+/' '-_' | tr -d =`.
   * The id is readable in the stored record. Never reuse the id of another key.
   */
  keys: Readonly<Record<string, Uint8Array | string>>;
}

const keyLength = 32;
const keyFix = 'Give 32 random bytes as a Uint8Array or as base64url text (43 characters).';

/** The keys of a ring, hidden from inspection. */
export class KeyRing {
  readonly current: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /**
   * @param path of the option, for errors
   * @throws {EntraOptionsError} for a missing or invalid key; the error names its id and shows none of it
   */
  constructor(options: RefreshTokenKeyRing, path = 'keys') {
    checkObject(
      path,
      options,
      namesOf<keyof RefreshTokenKeyRing>({ current: true, keys: true }),
      'Give { current, keys }.',
    );
    const { current, keys } = options;
    if (!isObject(keys))
      throw new EntraOptionsError(`${path}.keys`, kindOf(keys), 'Give the keys by their ids.');
    this.#keys = new Map(Object.entries(keys).map(([id, key]) => [id, secretKey(`${path}.keys`, id, key)]));
    if (typeof current !== 'string' || !this.#keys.has(current)) {
      const known = [...this.#keys.keys()].map((id) => `"${id}"`).join(', ') || 'none';
      const given = typeof current === 'string' ? 'not the id of a key' : kindOf(current);
      throw new EntraOptionsError(`${path}.current`, given, `Give the id of one of the keys: ${known}.`);
    }
    this.current = current;
  }

  get(id: string): KeyObject | undefined {
    return this.#keys.get(id);
  }

  /** Ids of all keys, that of the current one first. */
  get ids(): string[] {
    return [this.current, ...[...this.#keys.keys()].filter((id) => id !== this.current)];
  }

  get currentKey(): KeyObject {
    return this.#keys.get(this.current)!;
  }
}

function secretKey(ring: string, id: string, key: unknown): KeyObject {
  const path = `${ring}.${id}`;
  if (id === '') throw new EntraOptionsError(ring, 'a key has an empty id', 'Give each key an id.');
  const bytes = bytesOf(key);
  if (bytes === undefined) throw new EntraOptionsError(path, kindOf(key), keyFix);
  if (bytes.length !== keyLength) throw new EntraOptionsError(path, `has ${bytes.length} bytes`, keyFix);
  if (bytes.every((byte) => byte === bytes[0]))
    throw new EntraOptionsError(path, 'all its bytes are the same', keyFix);
  return createSecretKey(bytes);
}

function bytesOf(key: unknown): Buffer | undefined {
  if (typeof key === 'string') return /^[\w-]+$/.test(key) ? Buffer.from(key, 'base64url') : undefined;
  // By its shape: a test runner's sandbox has a `Uint8Array` of its own.
  if (!ArrayBuffer.isView(key)) return undefined;
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
}
