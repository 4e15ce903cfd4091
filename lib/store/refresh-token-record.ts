import { createHash, randomUUID } from 'node:crypto';

import { parseJsonObject } from '../common/json-object.js';
import { RefreshTokenStoreError, RefreshTokenUnreadableError } from './refresh-token-store.error.js';
import type { RefreshTokenSnapshot, StoredRefreshToken } from './refresh-token-store.js';
import { faultOfStored } from './stored-refresh-token.js';

const format = 1;

/** A stored value with its checksum. */
export interface RefreshTokenRecord {
  readonly text: string;
  readonly snapshot: RefreshTokenSnapshot;
}

/**
 * Encodes a value for a file or a row. Each call returns another version, also for the same value.
 *
 * @throws {RefreshTokenStoreError} for a value that could not be decoded
 */
export function encodeRecord(value: StoredRefreshToken): RefreshTokenRecord {
  const fault = faultOfStored(value);
  if (fault !== undefined) {
    throw new RefreshTokenStoreError(
      `Invalid value to store: ${fault}. Nothing was changed.`,
      'Store what a token endpoint returned, with times in milliseconds since 1970.',
      { retryable: false },
    );
  }
  const id = randomUUID();
  const json = JSON.stringify(value);
  const version = digest(id, json);
  const text = `{"format":${format},"id":"${id}","sha256":"${version}","value":${json}}\n`;
  return { text, snapshot: { value: JSON.parse(json) as StoredRefreshToken, version } };
}

/**
 * Decodes and checks what `encodeRecord` wrote.
 *
 * @param store names the store in errors
 * @throws {RefreshTokenUnreadableError} when any of it is missing or was changed
 */
export function decodeRecord(text: string, store: string): RefreshTokenSnapshot {
  const record = parseJsonObject(text);
  if (record === undefined) throw damaged(store, 'it is not a JSON object');
  const { format: found, id, sha256, value } = record;
  if (typeof found === 'number' && found > format) {
    throw new RefreshTokenUnreadableError(
      `What ${store} holds has format ${found}, which this version of nestjs-entra-auth does not know.`,
      'Update nestjs-entra-auth.',
    );
  }
  if (found !== format || typeof id !== 'string') throw damaged(store, 'it is not a record of this package');
  if (sha256 !== digest(id, JSON.stringify(value) ?? '')) throw damaged(store, 'its checksum is wrong');
  const fault = faultOfStored(value);
  if (fault !== undefined) throw damaged(store, fault);
  return { value: value as StoredRefreshToken, version: sha256 };
}

/** @param reason must not repeat any of the content */
export function damaged(store: string, reason: string): RefreshTokenUnreadableError {
  return new RefreshTokenUnreadableError(
    `What ${store} holds is damaged: ${reason}. It is left as it is.`,
    'Restore it from a backup, or remove it and sign in again.',
  );
}

function digest(id: string, json: string): string {
  return createHash('sha256').update(`${id}\n${json}`).digest('hex');
}
