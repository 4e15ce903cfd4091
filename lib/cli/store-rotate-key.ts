import { keysVariable } from './key-ring.js';
import type { OpenStore } from './open-store.js';
import type { Terminal } from './terminal.js';
import { missingValues } from './usage.error.js';

/**
 * Encrypts what is stored with the first key of the ring; the key that it was encrypted with must be in the ring too.
 *
 * @throws {EntraOptionsError} without keys
 * @throws {RefreshTokenUnreadableError} without the old key; nothing is changed
 */
export async function rotateKey({ encrypted, place }: OpenStore, terminal: Terminal): Promise<void> {
  if (encrypted === undefined) throw missingValues([keysVariable]);
  const written = await encrypted.reencrypt();
  terminal.out(
    written
      ? `Encrypted ${place} anew.\n`
      : `${place} needs nothing: it is empty, or the first key was in use.\n`,
  );
}
