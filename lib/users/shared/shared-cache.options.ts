import type { RefreshTokenKeyRing } from '../../store/encrypted/key-ring.js';
import type { SharedTokenCache } from '../../store/shared-token-cache.js';

/** A cache behind the memory, which replicas share. */
export interface SharedCacheOptions {
  /** A `RedisTokenCache` or a `TypeOrmTokenCache`. It is used for tokens of users alone. */
  store: SharedTokenCache;
  /**
   * The keys that records are encrypted with and named by, the same in every replica. To rotate: add the new key in every
   * replica, make it `current` in every replica, and a day later remove the old key.
   */
  keys: RefreshTokenKeyRing;
  /**
   * How long to wait for the store. A command that takes longer counts as failed, and the store is left alone for a second
   * or more. In milliseconds.
   *
   * @default 1000
   */
  timeoutInMs?: number;
  /**
   * How long other replicas wait for the one that fetches a token: so late is a token at most whose fetcher died. In
   * milliseconds.
   *
   * @default 5000
   */
  leaseInMs?: number;
}
