import type { FileHandle } from 'node:fs/promises';

import { decodeRecord } from '../refresh-token-record.js';
import type { RefreshTokenSnapshot } from '../refresh-token-store.js';

/**
 * Reads the last whole record of a file. A file that was written in place may hold an older record before it, and after
 * it the beginning of a record that a killed process did not finish.
 *
 * @param store names the store in errors
 * @throws {RefreshTokenUnreadableError} when no line holds a whole record
 */
export function newestRecord(text: string, store: string): RefreshTokenSnapshot {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  let failure: unknown;
  // The whole text first: a record that was formatted by hand has several lines.
  for (const line of [text, ...lines.reverse()]) {
    try {
      return decodeRecord(line, store);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * Writes a record into a file that cannot be replaced. Appends it first, so that the file holds a whole record at any
 * moment, then overwrites the older records if it fits. Each step is on the disk before the next begins.
 *
 * @param record one line with its line break
 */
export async function writeInPlace(handle: FileHandle, record: string): Promise<void> {
  const { size } = await handle.stat();
  const bytes = Buffer.from(record);
  // The last line may be unfinished.
  const appended = size === 0 ? bytes : Buffer.concat([Buffer.from('\n'), bytes]);
  try {
    await writeAll(handle, appended, size);
  } catch (error) {
    await handle.truncate(size).catch(() => undefined);
    throw error;
  }
  await handle.sync();
  if (size < bytes.length) return;
  await writeAll(handle, bytes, 0);
  await handle.sync();
  await handle.truncate(bytes.length);
  await handle.sync();
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}
