import { BoundedMap } from '../../common/bounded-map.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { warnOfLosses } from '../../entra/credential-state.js';
import { GuardedStore } from '../../refresh-token/guarded-store.js';
import type { RefreshTokenSettings } from '../../refresh-token/refresh-token.settings.js';
import { SaveRetry } from '../../refresh-token/save-retry.js';
import { StoreCalls } from '../../refresh-token/store-calls.js';
import type { SharedAccessToken, StoredRefreshToken } from '../../store/refresh-token-store.js';
import type { SignInPage, SignInStore, StoredSignIn } from '../../store/sign-ins/sign-in-store.js';
import type { UserRequestSettings, UserTokenOrder } from '../user-grant.js';
import type { UserTokenEventReporter } from '../user-token-event.reporter.js';
import type { UserIdentity } from '../person.js';
import { checkSameUser, isAnotherUser, userOf, type AdoptedSignIn } from './adopted-response.js';
import { NoSignInError, type Refusal } from './attentive-store.js';
import { PendingWrites } from './pending-writes.js';
import { checkSignInTenant, type TenantRule } from '../user-tenant.js';
import { findSignIns, type FoundSignIns } from './sign-in-search.js';
import { SignInSession } from './sign-in.session.js';

/** Sessions that are kept between two redemptions: they know more than the store, such as what has been replaced. */
const mostIdleSessions = 1_000;
const mostRefusals = 10_000;

export interface SignInSettings {
  readonly store: SignInStore;
  readonly storeTimeoutInMs: number;
}

/** The same, with the tenants whose users are served. */
export interface TenantedSignInSettings extends SignInSettings {
  readonly allowsTenant: TenantRule;
}

/** A token, and the session that has obtained it. */
export interface ObtainedToken {
  readonly token: SharedAccessToken;
  readonly session: SignInSession;
}

/** The stored sign-ins of users: keeps, redeems, lists and deletes them. */
export class SignIns {
  readonly #settings: TenantedSignInSettings;
  readonly #wire: UserRequestSettings;
  readonly #events: UserTokenEventReporter;
  readonly #calls: StoreCalls;
  readonly #sessions = new Map<string, SignInSession>();
  readonly #refusals = new BoundedMap<string, Refusal>(mostRefusals);
  readonly #writes = new PendingWrites();
  readonly #saveRetry: SaveRetry;
  #isClosed = false;

  constructor(settings: TenantedSignInSettings, wire: UserRequestSettings, events: UserTokenEventReporter) {
    this.#settings = settings;
    this.#wire = wire;
    this.#events = events;
    const { clock } = wire.transport;
    this.#calls = new StoreCalls(settings.storeTimeoutInMs, clock);
    this.#saveRetry = new SaveRetry(clock, () => this.flush());
  }

  /** New refresh tokens that wait in memory to be stored. */
  get unsaved(): number {
    let unsaved = 0;
    for (const session of this.#sessions.values()) if (session.isUnsaved) unsaved++;
    return unsaved;
  }

  /** Refused sign-ins that are known here. */
  get refused(): number {
    return this.#refusals.size;
  }

  /**
   * Stores a sign-in, in the place of an earlier one of the same user.
   *
   * @throws {EntraOptionsError} when the earlier one is of another user
   * @throws {RefreshTokenStoreError | RefreshTokenUnreadableError} when it is not stored
   */
  async adopt(
    key: string,
    { refreshToken, user }: AdoptedSignIn,
    accessTokens: StoredRefreshToken['accessTokens'],
  ): Promise<void> {
    const value: StoredRefreshToken = {
      refreshToken,
      obtainedOnTimestamp: this.#wire.transport.clock.now(),
      ...(accessTokens !== undefined && { accessTokens }),
      ...(user !== undefined && { user }),
    };
    await this.#storeOf(key).withLock(
      async (access) => {
        const before = await access.load();
        if (isAnotherUser(before?.value.user, user)) throw ofAnotherUser();
        await access.save(value, before?.version);
      },
      (failure) => Promise.reject(failure),
    );
    this.#refusals.delete(key);
  }

  /** @returns whether there was a sign-in */
  async forget(key: string): Promise<boolean> {
    this.#sessions.delete(key);
    this.#refusals.delete(key);
    const { store, storeTimeoutInMs: timeoutInMs } = this.#settings;
    // It may wait for the lock before.
    const inTime = <T>(call: () => Promise<T>): Promise<T> =>
      this.#calls.inTime(call, 'could not be emptied', 2 * timeoutInMs);
    const remove = (): Promise<boolean> => inTime(() => store.delete(key, { timeoutInMs }));
    // One that ends while this deletes may have come after it.
    const pending = this.#writes.of(key);
    const wasStored = await remove();
    const writes = [...pending, ...this.#writes.of(key)];
    if (writes.length === 0) return wasStored;
    await inTime(() => Promise.allSettled(writes));
    return (await remove()) || wasStored;
  }

  /** Reads of which tenant a sign-in is; `undefined` when it does not tell, or there is none. */
  async tenantOf(key: string): Promise<string | undefined> {
    const stored = await this.#calls.inTime(() => this.#settings.store.of(key).load(), 'could not be read');
    return stored?.value.user?.tenantId;
  }

  /** Whether users of a tenant are served. */
  allows(tenantId: string): boolean {
    return this.#settings.allowsTenant(tenantId);
  }

  /** Finds those of a person, also one that is being written. */
  async find(user: UserIdentity): Promise<FoundSignIns> {
    const pending = this.#writes.keysOf(user);
    const { userKeys, unknown } = await findSignIns(user, this.#settings.store, this.#calls);
    return { userKeys: [...new Set([...pending, ...userKeys])], unknown };
  }

  list(page: SignInPage): Promise<readonly StoredSignIn[]> {
    return this.#calls.inTime(() => this.#settings.store.list(page), 'could not be read');
  }

  /** Obtains a token of a user. */
  async obtain(key: string, order: UserTokenOrder): Promise<ObtainedToken> {
    const session = this.#sessionOf(key);
    try {
      const token = await session.obtain(order);
      // Forgotten meanwhile: what has arrived must not be held.
      if (this.#sessions.get(key) !== session) throw new NoSignInError();
      return { token, session };
    } finally {
      this.#settle(key, session);
    }
  }

  /** Retries to store what is unsaved. */
  async flush(): Promise<void> {
    const unsaved = [...this.#sessions].filter(([, session]) => session.isUnsaved);
    for (const [key, session] of unsaved) {
      await session.flush();
      this.#report(key, session);
    }
    this.#planSave();
  }

  /** Waits for redemptions under way, and stores what is unsaved. What cannot be stored becomes a process warning. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.flush()));
    this.#saveRetry.stop();
    const { unsaved } = this;
    if (unsaved === 0) return;
    for (const [key, { isUnsaved, problem }] of this.#sessions) {
      if (isUnsaved && problem !== undefined) this.#events.lost(key, problem);
    }
    const problem = `The new refresh tokens of ${unsaved} users could not be stored and are lost with the process.`;
    warnOfLosses([
      { problem, fix: 'Check the store; a server that rotates refresh tokens needs new sign-ins.' },
    ]);
  }

  #storeOf(key: string): GuardedStore {
    const { store, storeTimeoutInMs } = this.#settings;
    const noting = this.#writes.noting(key, store.of(key));
    return new GuardedStore(noting, storeTimeoutInMs, this.#wire.transport.clock);
  }

  #sessionOf(key: string): SignInSession {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = new SignInSession(this.#redeemSettings(key), this.#refusals.get(key));
    this.#sessions.set(key, session);
    return session;
  }

  #redeemSettings(key: string): RefreshTokenSettings {
    const { store, storeTimeoutInMs, allowsTenant } = this.#settings;
    return {
      ...this.#wire,
      store: store.of(key),
      storeTimeoutInMs,
      shutdownTimeoutInMs: storeTimeoutInMs,
      initial: undefined,
      shareAccessTokens: true,
      stopWhenStoreFails: true,
      spa: false,
      checkStored: (user) => checkSignInTenant(user?.tenantId, allowsTenant),
      checkUser: ({ accessToken }, user) => checkSameUser(user, userOf(accessToken)),
      onTokenResponse: undefined,
    };
  }

  #settle(key: string, session: SignInSession): void {
    this.#report(key, session);
    if (session.refusal !== undefined) this.#refusals.set(key, session.refusal);
    else this.#refusals.delete(key);
    if (this.#sessions.get(key) === session) {
      // The newest is the last.
      this.#sessions.delete(key);
      this.#sessions.set(key, session);
    }
    this.#planSave();
    if (this.#sessions.size <= mostIdleSessions) return;
    for (const [other, { isIdle }] of this.#sessions) {
      if (this.#sessions.size <= mostIdleSessions) return;
      if (isIdle) this.#sessions.delete(other);
    }
  }

  #report(key: string, session: SignInSession): void {
    const problem = session.takeUnsaved();
    if (problem !== undefined) this.#events.unsaved(key, problem);
  }

  #planSave(): void {
    if (this.unsaved === 0 || this.#isClosed) this.#saveRetry.stop();
    else this.#saveRetry.plan();
  }
}

function ofAnotherUser(): EntraOptionsError {
  return new EntraOptionsError(
    'userKey',
    'the stored sign-in under this key is of another user',
    'Give each user a key of its own, such as the object id; or call `forget` before.',
  );
}
