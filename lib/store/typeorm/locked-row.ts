import { encodeRecord } from '../refresh-token-record.js';
import { RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type { RefreshTokenAccess, RefreshTokenSnapshot, StoredRefreshToken } from '../refresh-token-store.js';
import type { StoreLock } from '../store-lock.js';
import type { DatabaseConnections } from './database-connections.js';
import { guardDatabase, isConnectionLoss } from './database-failure.js';
import type { DatabaseLock } from './database-lock.js';
import type { DatabaseSession } from './database-session.js';
import type { RefreshTokenRow } from './refresh-token-row.js';

// The limit for a `save` whose connection was lost; if it fails, the refresh token is still in memory.
const reconnectTimeoutInMs = 10_000;

/** A row under its lock: the access that `exclusive` hands to its work. */
export class LockedRow implements RefreshTokenAccess, StoreLock {
  #isReleased = false;

  constructor(
    private readonly row: RefreshTokenRow,
    private readonly lock: DatabaseLock,
    private session: DatabaseSession,
    private readonly connections: DatabaseConnections,
    private readonly unlock: () => void,
  ) {}

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return guardDatabase('Reading', this.row.table, async () => {
      this.#checkHeld();
      // The caller is about to redeem what it reads, which needs the lock.
      if (this.lock.isLost) throw ended('the connection that holds the lock was lost');
      return this.row.read(this.session);
    });
  }

  /** Saves also without the lock, for a token that is already redeemed: the expected version decides. */
  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return guardDatabase('Saving', this.row.table, async () => {
      this.#checkHeld();
      const record = encodeRecord(value);
      try {
        return await this.row.write(this.session, record, expectedVersion);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        await this.#reconnect(error as Error);
        return this.row.write(this.session, record, expectedVersion);
      }
    });
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    this.session.close();
    await this.lock.release();
    this.unlock();
  }

  async #reconnect(loss: Error): Promise<void> {
    this.session.close(loss);
    this.#checkHeld();
    const another = await this.connections.borrow({ timeoutInMs: reconnectTimeoutInMs });
    // The caller may have given up meanwhile, and `release` does not know this connection.
    if (this.#isReleased) await another.release();
    this.#checkHeld();
    this.session = another.session;
  }

  #checkHeld(): void {
    if (this.#isReleased) throw ended('its work has ended');
  }
}

function ended(reason: string): RefreshTokenStoreError {
  return new RefreshTokenStoreError(
    `The lock on the refresh token has ended: ${reason}.`,
    'Call `exclusive` again.',
  );
}
