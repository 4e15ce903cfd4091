import type { Observable } from 'rxjs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { sameTenant } from '../entra/tenant.js';
import { assertionKey, expiredAssertion, longestAssertion, readAssertion } from './assertion.js';
import { BackgroundRefresh } from './background-refresh.js';
import { CacheSweeper } from './cache-sweeper.js';
import type { UserTokenSettings } from './resolve-user-options.js';
import { forgetUser, type ForgottenUser } from './forget-user.js';
import { OnBehalfOfGrant } from './on-behalf-of-grant.js';
import { RequestRate } from './request-rate.js';
import { UserSignIns } from './sign-ins/user-sign-ins.js';
import { UserCache } from './user-cache.js';
import { UserCalls } from './user-calls.js';
import { GrantCredential, type UserTokenCredential } from './user-credential.js';
import { UserEntry } from './user-entry.js';
import { UserExchanges } from './user-exchanges.js';
import { UserResources } from './user-resources.js';
import type { UserTokenEvent } from './user-token-event.js';
import { logUserTokenEvents } from './user-token-event.log.js';
import { UserTokenEventReporter } from './user-token-event.reporter.js';
import type { UserTokensState } from './user-tokens-state.js';
import { UserInteractionRequiredError } from './user-token.error.js';

/**
 * Holds the tokens of users, by the token that each user called with. Refreshes them ahead of their end when they are used,
 * with the user's token that comes along: none is kept.
 */
export class UserTokens {
  readonly #settings: UserTokenSettings;
  readonly #resources: UserResources;
  readonly #events: UserTokenEventReporter;
  readonly #cache: UserCache;
  readonly #exchanges: UserExchanges;
  readonly #rate: RequestRate;
  readonly #background: BackgroundRefresh;
  readonly #sweeper: CacheSweeper;
  readonly #signIns: UserSignIns | undefined;
  readonly #calls: UserCalls;

  /** @param identityToken returns an assertion of the machine's identity, for an application that authenticates by it */
  constructor(settings: UserTokenSettings, identityToken: () => Promise<string>, logger: LineLogger) {
    this.#settings = settings;
    this.#resources = new UserResources(settings.resources, settings.cloud);
    this.#cache = new UserCache(settings.limits);
    const { clock, background } = settings;
    this.#events = new UserTokenEventReporter(clock, logger);
    logUserTokenEvents(this.events, logger);
    this.#rate = new RequestRate(background.maxRequestsPerSecond, clock);
    this.#background = new BackgroundRefresh({
      clock,
      idleAfterInMs: background.idleAfterInMs,
      rate: this.#rate,
      isPaused: (entry) => this.#exchanges.isPaused(entry),
      refresh: (entry, resource) => {
        const grant = this.signIns.grantFor(entry);
        // What becomes of it is noted in the slot.
        this.#exchanges.exchange(grant, resource, undefined).catch(() => undefined);
      },
    });
    this.#sweeper = new CacheSweeper(this.#cache, clock, (entry, now, everyMs) =>
      this.#background.visit(entry, now, everyMs),
    );
    const keep = (entry: UserEntry): void => {
      this.#cache.put(entry);
      this.#sweeper.arm();
    };
    this.#exchanges = new UserExchanges(settings, {
      ...{ identityToken, logger, events: this.#events, cache: this.#cache, keep },
    });
    this.#calls = new UserCalls(settings, {
      ...{ resources: this.#resources, cache: this.#cache, exchanges: this.#exchanges, rate: this.#rate },
    });
    const { signIns } = settings;
    if (signIns !== undefined)
      this.#signIns = new UserSignIns(settings, signIns, {
        cache: this.#cache,
        exchanges: this.#exchanges,
        events: this.#events,
      });
  }

  /** What goes wrong, free of secrets. Completes with `close`. */
  get events(): Observable<UserTokenEvent> {
    return this.#events.events;
  }

  /** @throws {InvalidAssertionError} for what is not a live access token of a user for this application */
  onBehalfOf(assertion: unknown): UserTokenCredential {
    return new GrantCredential(this.#calls, this.#grantOf(assertion));
  }

  /** @throws {EntraOptionsError} for what cannot be a key */
  forUser(userKey: unknown): UserTokenCredential {
    return new GrantCredential(this.#calls, this.signIns.grantOf(userKey));
  }

  /**
   * Obtains a refresh token by an assertion, and stores it under a key. Goes ahead of calls that wait for a turn of the event
   * loop: they follow in the next ones, and requests leave first come first served.
   */
  async beginSession(sessionKey: unknown, assertion: unknown, named: string | string[]): Promise<void> {
    const { signIns } = this;
    const grant = this.#grantOf(assertion);
    await signIns.beginSession(sessionKey, grant, this.#resources.find(named));
  }

  /** @throws {EntraOptionsError} without the option `signIns` */
  get signIns(): UserSignIns {
    if (this.#signIns !== undefined) return this.#signIns;
    const fix = 'Give { store: new TypeOrmSignInStore({ dataSource }) }, or another store of sign-ins.';
    throw new EntraOptionsError('users.signIns', 'missing', fix);
  }

  /** Deletes what is held and stored of a person. */
  forgetUser(user: unknown): Promise<ForgottenUser> {
    return forgetUser(user, { cache: this.#cache, exchanges: this.#exchanges, signIns: this.#signIns });
  }

  #grantOf(assertion: unknown): OnBehalfOfGrant {
    const { place, clock } = this.#settings;
    const [key, text] = [assertionKey(assertion, place), assertion as string];
    const now = clock.now();
    const known = this.#cache.get(key);
    if (known === undefined) {
      const { endsAt, tenantId, user } = readAssertion(text, this.#settings, now);
      const isOwn = sameTenant(tenantId, this.#settings.tenantId);
      return new OnBehalfOfGrant(text, new UserEntry(key, endsAt, isOwn ? undefined : tenantId), user);
    }
    if (now >= known.endsAt) {
      this.#cache.delete(known);
      throw expiredAssertion(known.endsAt, place);
    }
    return new OnBehalfOfGrant(text, known);
  }

  /** The last refusal that Entra sent for a user's token, while it is held. */
  interactionRequired(assertion: unknown): UserInteractionRequiredError | undefined {
    if (typeof assertion !== 'string' || assertion === '' || assertion.length > longestAssertion)
      return undefined;
    return this.#cache.get(assertionKey(assertion, this.#settings.place))?.lastRefusal;
  }

  state(): UserTokensState {
    const { size: users, bytes, evictions } = this.#cache;
    const { counts, sharedState: shared } = this.#exchanges;
    const { refused = 0, unsaved = 0 } = this.#signIns?.counts ?? {};
    const { waiting: waitingRefreshes } = this.#background;
    return {
      ...{ users, bytes, evictions, ...counts, waitingRefreshes, refused, unsaved },
      ...(shared && { shared }),
    };
  }

  /**
   * Begins no more exchanges, and stores the refresh tokens that wait for it. Tokens that are held are served until they
   * expire.
   */
  async close(): Promise<void> {
    this.#sweeper.stop();
    this.#background.stop();
    this.#exchanges.stop();
    this.#calls.stop();
    await this.#signIns?.close();
    this.#exchanges.end();
    this.#events.complete();
  }
}
