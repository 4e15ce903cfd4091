import { randomUUID } from 'node:crypto';

import { delayUntil, type Clock, type Timestamp } from '../../common/clock.js';
import type { LineLogger } from '../../common/guarded-logger.js';
import { usableUntil } from '../../engine/refresh-policy.js';
import type { HeldAccessToken } from '../../entra/held-access-token.js';
import type { KeyRing } from '../../store/encrypted/key-ring.js';
import { versionOf, type SharedRecord, type SharedTokenCache } from '../../store/shared-token-cache.js';
import type { UserResource } from '../user-resources.js';
import { GuardedCache } from './guarded-cache.js';
import { RecordPlaces, type RecordPlace } from './record-place.js';
import { openRecord, sealRecord } from './sealed-record.js';
import { SharedCacheLog } from './shared-cache-log.js';
import { decodeToken, encodeToken } from './token-fields.js';

/** The shared cache, with its keys and limits. */
export interface SharedTokenSettings {
  readonly store: SharedTokenCache;
  readonly keys: KeyRing;
  readonly timeoutInMs: number;
  readonly leaseInMs: number;
}

/** A token that is wanted. */
export interface SharedTokenOrder {
  /** What the user is known by in memory. */
  readonly user: string;
  /** Whose it is, as `personKey` has it. */
  readonly person: () => string | undefined;
  readonly resource: UserResource;
  /** When the user's token expires. */
  readonly endsAt: Timestamp;
  /** Whether the token must answer a claims challenge, which no stored one does. */
  readonly isChallenged: boolean;
  /** Whether a stored token would do. */
  accepts(token: HeldAccessToken): boolean;
  /** Whether a token that is fetched may be stored. */
  isKept(): boolean;
}

/** How a token is fetched. */
export interface TokenFetch {
  /** Waits for the turn, and then does the work. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly fetch: () => Promise<HeldAccessToken>;
}

/** What came of the shared cache. */
export interface SharedTokensState {
  /** Tokens that it had. */
  readonly hits: number;
  /** Tokens that had to be fetched. */
  readonly misses: number;
  /** Records that could not be read: changed, of another user, by an unknown key, or of a later version. */
  readonly unreadable: number;
  /** Commands that failed or took too long. */
  readonly failures: number;
  /** Whether it fails at the moment, and is tried again after a pause. */
  readonly isPaused: boolean;
}

/** What a look into the cache has shown. */
interface Look {
  readonly token: HeldAccessToken | undefined;
  readonly version: Uint8Array | undefined;
  readonly isLeased: boolean;
}

const shortestWaitInMs = 20;
const longestWaitInMs = 250;
const waitersPerMs = 4;

/**
 * Shares tokens with the other replicas. Of those that want the same token at once, the one with the lease fetches it, and the
 * others wait for its record: no longer than a lease lasts, then they fetch it themselves.
 */
export class SharedTokens {
  readonly #settings: SharedTokenSettings;
  readonly #clock: Clock;
  readonly #places: RecordPlaces;
  readonly #cache: GuardedCache;
  readonly #log: SharedCacheLog;
  /** By how much this machine's clock is ahead of the issuer's, as last seen. */
  #aheadInMs = 0;
  #waiting = 0;
  #hits = 0;
  #misses = 0;
  #unreadable = 0;

  /** @param application what tokens depend on besides user and resource */
  constructor(settings: SharedTokenSettings, application: string, clock: Clock, logger: LineLogger) {
    const { store, keys, timeoutInMs } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#places = new RecordPlaces(keys, application);
    this.#log = new SharedCacheLog(logger, clock, store.description);
    this.#cache = new GuardedCache({ store, timeoutInMs, clock }, this.#log);
  }

  get state(): SharedTokensState {
    const { failures, isPaused } = this.#cache;
    return { hits: this.#hits, misses: this.#misses, unreadable: this.#unreadable, failures, isPaused };
  }

  /**
   * Returns a stored token, or fetches and stores one.
   *
   * @throws what `fetch` and `inTurn` throw; never for the cache
   */
  obtain(order: SharedTokenOrder, how: TokenFetch): Promise<HeldAccessToken> {
    const place = this.#places.current(order.user, order.resource);
    return this.#cache.read(place.name).then((stored) => {
      const look = this.#read(stored, place, order);
      if (look.token === undefined) return this.#obtainAfter(look, place, order, how);
      this.#hits++;
      return look.token;
    });
  }

  /** Goes on after a first look that has not shown a token. */
  async #obtainAfter(
    first: Look,
    place: RecordPlace,
    order: SharedTokenOrder,
    { inTurn, fetch }: TokenFetch,
  ): Promise<HeldAccessToken> {
    let look = order.isChallenged ? first : await this.#lookEarlier(first, order);
    // From the first look at a lease on: the wait for the own turn does not count.
    let waitsUntil: Timestamp | undefined;
    let waitInMs = shortestWaitInMs;
    while (look.token === undefined) {
      const now = this.#clock.now();
      const isLate = order.isChallenged || (waitsUntil !== undefined && delayUntil(waitsUntil, now) === 0);
      if (!look.isLeased || isLate) {
        const { version } = look;
        look = await inTurn(() => this.#fetch(order, place, { fetch, version, isLate }));
        if (look.token !== undefined) return look.token;
      }
      waitsUntil ??= this.#clock.now() + this.#settings.leaseInMs;
      await this.#wait(waitInMs);
      waitInMs = Math.min(waitInMs * 1.5, longestWaitInMs);
      look = await this.#look(place, order);
    }
    this.#hits++;
    return look.token;
  }

  /**
   * Deletes what is stored of a person, by any key of the ring.
   *
   * @returns how many records there were
   * @throws {SharedCacheError} when it is not certain that they are deleted
   */
  async forget(person: string): Promise<number> {
    const deleted = this.#places.owners(person).map((owner) => this.#cache.deleteOwned(owner));
    return (await Promise.all(deleted)).reduce((sum, count) => sum + count, 0);
  }

  /** Sends no more commands. */
  stop(): void {
    this.#cache.stop();
  }

  /** Fetches a token under the lease, or without one when it is late or the cache does not tell. */
  async #fetch(
    order: SharedTokenOrder,
    place: RecordPlace,
    how: { fetch: () => Promise<HeldAccessToken>; version: Uint8Array | undefined; isLate: boolean },
  ): Promise<Look> {
    const { fetch, version, isLate } = how;
    const holder = isLate ? undefined : randomUUID();
    if (holder !== undefined) {
      const request = { holder, forMs: this.#settings.leaseInMs, replaces: version };
      const answer = await this.#cache.lease(place.name, request);
      if (typeof answer === 'object') {
        const look = this.#read(answer, place, order);
        if (look.token !== undefined) this.#hits++;
        return look;
      }
    }
    this.#misses++;
    let token: HeldAccessToken;
    try {
      token = await fetch();
    } catch (error) {
      if (holder !== undefined) void this.#cache.release(place.name, holder);
      throw error;
    }
    this.#aheadInMs = token.clockAheadInMs;
    if (order.isKept()) this.#store({ token, order }, place, { version, holder });
    else if (holder !== undefined) void this.#cache.release(place.name, holder);
    return { token, version: undefined, isLeased: false };
  }

  /** In the background: the caller has its token. */
  #store(
    { token, order: { endsAt, person } }: { token: HeldAccessToken; order: SharedTokenOrder },
    place: RecordPlace,
    { version, holder }: { version: Uint8Array | undefined; holder: string | undefined },
  ): void {
    const expiresInMs = Math.min(token.expiresOnTimestamp, endsAt) - this.#clock.now();
    if (expiresInMs <= 0) return;
    const record = sealRecord(encodeToken({ token, endsAt }), place);
    const whose = person();
    const [owner] = whose === undefined ? [] : this.#places.owners(whose);
    void this.#cache.put(place.name, { record, expiresInMs, replaces: version, holder, owner });
  }

  async #look(place: RecordPlace, order: SharedTokenOrder): Promise<Look> {
    return this.#read(await this.#cache.read(place.name), place, order);
  }

  /** A replica may write with another key of the ring. */
  async #lookEarlier(look: Look, order: SharedTokenOrder): Promise<Look> {
    for (const place of this.#places.earlier(order.user, order.resource)) {
      const { token } = await this.#look(place, order);
      if (token !== undefined) return { ...look, token };
    }
    return look;
  }

  #read({ record, isLeased }: SharedRecord, place: RecordPlace, order: SharedTokenOrder): Look {
    if (record === undefined) return { token: undefined, version: undefined, isLeased };
    const version = versionOf(record);
    const opened = openRecord(record, place);
    const shared = typeof opened === 'string' ? undefined : decodeToken(opened, this.#aheadInMs);
    if (shared === undefined) {
      this.#unreadable++;
      this.#log.unreadable(typeof opened === 'string' ? opened : 'another format');
      return { token: undefined, version, isLeased };
    }
    const { token, endsAt } = shared;
    const now = this.#clock.now();
    const isUsable = now < Math.min(usableUntil(token), endsAt) && endsAt === order.endsAt;
    const isWanted = isUsable && !order.isChallenged && order.accepts(token);
    return { token: isWanted ? token : undefined, version, isLeased };
  }

  /** The more wait, the longer: each look costs the cache a command. */
  async #wait(forMs: number): Promise<void> {
    this.#waiting++;
    const delay = Math.max(forMs, this.#waiting / waitersPerMs) * (0.75 + 0.5 * this.#clock.random());
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, delay));
    this.#waiting--;
  }
}
