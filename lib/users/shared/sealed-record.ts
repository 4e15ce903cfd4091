import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';

import { versionLength } from '../../store/shared-token-cache.js';
import type { RecordPlace } from './record-place.js';

// A record: format, length of the key's id, two bytes for later use, nonce; that is its version. Then the key's id, the
// encrypted fields, the tag.
const format = 1;
const nonceAt = 4;
const tagLength = 16;
const algorithm = 'aes-256-gcm';

/** Why a record is not read. */
export type RecordFault = 'another format' | 'another key' | 'changed, or of another user';

/** Encrypts with the key of the place. The header, the id of the ring's key and the name are bound to it. */
export function sealRecord(plain: Uint8Array, { name, key, keyId }: RecordPlace): Buffer {
  const id = Buffer.from(keyId);
  const header = Buffer.alloc(versionLength);
  header.writeUInt8(format, 0);
  header.writeUInt8(id.length, 1);
  randomFillSync(header, nonceAt);
  const cipher = createCipheriv(algorithm, key, header.subarray(nonceAt));
  cipher.setAAD(Buffer.concat([header, id, Buffer.from(name, 'latin1')]));
  return Buffer.concat([header, id, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts what was sealed for the same place. */
export function openRecord(record: Uint8Array, { name, key, keyId }: RecordPlace): Buffer | RecordFault {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes[0] !== format) return 'another format';
  const start = versionLength + (bytes[1] ?? 0);
  const end = bytes.length - tagLength;
  if (end < start) return 'changed, or of another user';
  if (bytes.toString('utf8', versionLength, start) !== keyId) return 'another key';
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(nonceAt, versionLength));
    const bound = Buffer.allocUnsafe(start + name.length);
    bytes.copy(bound, 0, 0, start);
    bound.write(name, start, 'latin1');
    decipher.setAAD(bound);
    decipher.setAuthTag(bytes.subarray(end));
    const plain = decipher.update(bytes.subarray(start, end));
    decipher.final();
    return plain;
  } catch {
    // The error gives no reason.
    return 'changed, or of another user';
  }
}
