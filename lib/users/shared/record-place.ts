import { hash, hkdfSync, type KeyObject } from 'node:crypto';

import type { KeyRing } from '../../store/encrypted/key-ring.js';
import type { UserResource } from '../user-resources.js';

/** Where a record is, and what it is encrypted with. */
export interface RecordPlace {
  /** Under which it is stored: tells nothing about the user. */
  readonly name: string;
  /** Of this record alone, 32 bytes. */
  readonly key: Buffer;
  /** Key of the ring that both come from. */
  readonly keyId: string;
}

const purpose = 'nestjs-entra-auth/users/shared-cache/1';
const half = 32;

/**
 * Derives the places of records. One HMAC-SHA-512 gives name and key: the record of another user neither is found nor
 * decrypts, and no two records share a key.
 */
export class RecordPlaces {
  readonly #secrets: readonly { id: string; hmac: Hmac }[];
  readonly #application: string;
  readonly #contexts = new WeakMap<UserResource, Buffer>();

  /** @param application what tokens depend on besides user and resource: authority, tenant, client */
  constructor(ring: KeyRing, application: string) {
    this.#secrets = ring.ids.map((id) => ({ id, hmac: hmacOf(ring.get(id)!) }));
    this.#application = application;
  }

  /** The place where records are written. */
  current(user: string, resource: UserResource): RecordPlace {
    return this.#place(user, resource, 0);
  }

  /** The places where other keys of the ring had it. */
  earlier(user: string, resource: UserResource): RecordPlace[] {
    return this.#secrets.slice(1).map((_, n) => this.#place(user, resource, n + 1));
  }

  /** What stands for a person at the records: by the key that is written with, then by the others. */
  owners(person: string): string[] {
    const context = Buffer.from(`owner ${this.#application}\n`);
    return this.#secrets.map(({ hmac }) => hmac(context, person).toString('base64url', 0, half));
  }

  #place(user: string, resource: UserResource, n: number): RecordPlace {
    const { id, hmac } = this.#secrets[n]!;
    const digest = hmac(this.#contextOf(resource), user);
    return { name: digest.toString('base64url', 0, half), key: digest.subarray(half), keyId: id };
  }

  #contextOf(resource: UserResource): Buffer {
    const known = this.#contexts.get(resource);
    if (known !== undefined) return known;
    const { scopes, enableCae } = resource;
    const text = JSON.stringify([this.#application, [...scopes].sort(), enableCae]);
    const context = Buffer.from(`${text}\n`);
    this.#contexts.set(resource, context);
    return context;
  }
}

const blockLength = 128;
const digestLength = 64;

/** Of a context and a text of one byte a character. */
type Hmac = (context: Buffer, text: string) => Buffer;

/**
 * HMAC-SHA-512 by a key of its own: those of a ring may serve a store of refresh tokens, too. Made of two one-shot hashes,
 * which take a third of the time.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
function hmacOf(key: KeyObject): Hmac {
  const secret = Buffer.alloc(blockLength);
  Buffer.from(hkdfSync('sha512', key, '', purpose, 64)).copy(secret);
  const [inner, outer] = [0x36, 0x5c].map((pad) => secret.map((byte) => byte ^ pad));
  const second = Buffer.concat([outer!, Buffer.alloc(digestLength)]);
  return (context, text) => {
    const start = blockLength + context.length;
    const first = Buffer.allocUnsafe(start + text.length);
    first.set(inner!);
    first.set(context, blockLength);
    first.write(text, start, 'latin1');
    second.set(hash('sha512', first, 'buffer'), blockLength);
    return hash('sha512', second, 'buffer');
  };
}
