import { EntraShutDownError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { asError } from '../common/thrown.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { isTenantGroup } from './challenge.js';
import { inExchangeTime } from './exchange-deadline.js';
import type { UserTokenSettings } from './resolve-user-options.js';
import { RunningExchanges, type RunningExchange } from './running-exchanges.js';
import { postpone, schedule } from './slot-schedule.js';
import { SharedTokens, type SharedTokensState } from './shared/shared-tokens.js';
import { NoSignInError } from './sign-ins/attentive-store.js';
import type { UserCache } from './user-cache.js';
import type { UserEntry } from './user-entry.js';
import type { UserGrant, UserRequestSettings, UserTokenOrder } from './user-grant.js';
import type { UserResource } from './user-resources.js';
import { UserRequests } from './user-requests.js';
import type { UserTokenEventReporter } from './user-token-event.reporter.js';
import { UserInteractionRequiredError } from './user-token.error.js';

export interface UserExchangeParts {
  /** Returns an assertion of the machine's identity, for an application that authenticates by it. */
  identityToken: () => Promise<string>;
  logger: LineLogger;
  events: UserTokenEventReporter;
  cache: UserCache;
  /** Holds an entry that has changed. */
  keep: (entry: UserEntry) => void;
}

/** Exchanges users' tokens, one at a time for each user and resource, and notes the outcome in the user's entry. */
export class UserExchanges {
  readonly #settings: UserTokenSettings;
  readonly #cache: UserCache;
  readonly #keep: (entry: UserEntry) => void;
  readonly #requests: UserRequests;
  readonly #events: UserTokenEventReporter;
  readonly #shared: SharedTokens | undefined;
  readonly #running = new RunningExchanges();
  #failures = 0;
  #isStopped = false;

  constructor(settings: UserTokenSettings, parts: UserExchangeParts) {
    const { identityToken, logger, events, cache, keep } = parts;
    this.#settings = settings;
    this.#cache = cache;
    this.#keep = keep;
    this.#events = events;
    this.#requests = new UserRequests(settings, identityToken, events);
    const application = [settings.authorityHost, settings.tenantId, settings.clientId].join(' ');
    this.#shared = settings.shared && new SharedTokens(settings.shared, application, settings.clock, logger);
  }

  /** How requests are sent. */
  get wire(): UserRequestSettings {
    return this.#requests.wire;
  }

  /** How refresh tokens are redeemed. */
  get redemptionWire(): UserRequestSettings {
    return this.#requests.redemptionWire;
  }

  get counts(): { pending: number; exchanges: number; failures: number } {
    return { pending: this.#requests.pending, exchanges: this.#requests.sent, failures: this.#failures };
  }

  get sharedState(): SharedTokensState | undefined {
    return this.#shared?.state;
  }

  /**
   * Exchanges a user's token, or joins the exchange that is under way.
   *
   * @param onBegin is called unless it joins one
   */
  exchange(
    grant: UserGrant,
    resource: UserResource,
    claims: string | undefined,
    onBegin?: () => void,
  ): Promise<HeldAccessToken> {
    const running = this.#running.find(grant.entry.key, resource, claims);
    if (running !== undefined) return running.token;
    onBegin?.();
    return this.#running.begin({ grant, resource, claims }, this.#run);
  }

  /** Lets exchanges for an entry that was forgotten end without effect. */
  abandon(entryKey: string): void {
    this.#running.abandon(entryKey);
  }

  /**
   * Keeps nothing of what is under way for a person, and deletes what the shared cache holds.
   *
   * @returns how many shared records were deleted
   * @throws {SharedCacheError} when it is not certain that they are
   */
  async forget(person: string): Promise<number> {
    this.#running.abandonAllOf(person);
    return (await this.#shared?.forget(person)) ?? 0;
  }

  /** Keeps an entry, unless it has ended. */
  keep(entry: UserEntry): void {
    if (!this.#isStopped && this.#settings.clock.now() < entry.endsAt) this.#keep(entry);
  }

  /** What a request for a user's token asks for. */
  orderOf(entry: UserEntry, resource: UserResource, claims?: string): UserTokenOrder {
    return { tenantId: this.#tenantOf(entry), resource, claims, replaces: entry.find(resource)?.token };
  }

  /** Whether no request is sent for an entry at the moment. */
  isPaused(entry: UserEntry): boolean {
    return this.#requests.pauseOf(this.#tenantOf(entry)) > 0;
  }

  /**
   * Sends a request for a grant when it is its turn, and counts it. One whose caller has given up by then is not sent.
   *
   * @throws {EntraTimeoutError} when that takes too long
   */
  send<T>(grant: UserGrant, { tenantId }: UserTokenOrder, request: () => Promise<T>): Promise<T> {
    const { clock, requestTimeoutInMs } = this.#settings;
    const givenUp = new AbortController();
    const sending = this.#requests.inTurn(grant, tenantId, async () => {
      givenUp.signal.throwIfAborted();
      return this.#requests.send(tenantId, request);
    });
    return inExchangeTime(sending, { clock, requestTimeoutInMs, onTimeout: () => givenUp.abort() });
  }

  /** Counts a request that gave no token, and reports it. @returns the error that the caller gets */
  failureOf(grant: UserGrant, resource: UserResource, thrown: unknown): Error {
    if (this.#isStopped) return new EntraShutDownError();
    const error = grant.errorOf(thrown, resource.name, this.#settings.place);
    this.#failures++;
    grant.entry = this.#current(grant.entry);
    this.#events.failed(grant, resource, error);
    return error;
  }

  stop(): void {
    this.#isStopped = true;
    this.#requests.stop();
    this.#shared?.stop();
  }

  /** Ends connections, once redemptions have ended. */
  end(): void {
    this.#requests.end();
  }

  readonly #run = async (exchange: RunningExchange): Promise<HeldAccessToken> => {
    const { grant, resource } = exchange;
    grant.checkTenant?.(this.#settings);
    try {
      if (grant.locate !== undefined && isTenantGroup(this.#tenantOf(grant.entry))) await grant.locate();
      const token = await this.#obtain(exchange);
      if (exchange.isAbandoned && grant.usesStore) throw new NoSignInError();
      // The token of a caller is the caller's own, and nothing of it is kept.
      if (!exchange.isAbandoned) this.hold(this.#heldFor(grant), exchange, token);
      return token;
    } catch (thrown) {
      if (exchange.isAbandoned) throw grant.errorOf(thrown, resource.name, this.#settings.place);
      throw this.#refused(exchange, thrown);
    }
  };

  #tenantOf(entry: UserEntry): string {
    const { tenantId } = this.#settings;
    return isTenantGroup(tenantId) ? (entry.tenantId ?? tenantId) : tenantId;
  }

  /** The entry that is held by now: callers with the same assertion may have begun with one each. */
  #current(entry: UserEntry): UserEntry {
    return this.#cache.get(entry.key) ?? entry;
  }

  /** The same of a grant, which tells whose it is: `forget` finds it by that. */
  #heldFor(grant: UserGrant): UserEntry {
    grant.person();
    return this.#current(grant.entry);
  }

  /** From the shared cache, where there is one, or by a request. */
  #obtain(exchange: RunningExchange): Promise<HeldAccessToken> {
    const { grant, resource, claims } = exchange;
    const order = this.orderOf(grant.entry, resource, claims);
    const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
      this.#requests.inTurn(grant, order.tenantId, work);
    const fetch = (): Promise<HeldAccessToken> => this.#fetch(grant, order);
    const { sharedKey: user } = grant;
    if (this.#shared === undefined || user === undefined) return inTurn(fetch);
    const accepts = (token: HeldAccessToken): boolean => {
      const slot = this.#current(grant.entry).find(resource);
      return slot === undefined || slot.isOutdoneBy(token);
    };
    const { endsAt } = grant.entry;
    const isKept = (): boolean => !exchange.isAbandoned;
    const person = (): string | undefined => grant.person();
    const wanted = { user, person, resource, endsAt, isChallenged: claims !== undefined, accepts, isKept };
    return this.#shared.obtain(wanted, { inTurn, fetch });
  }

  #fetch(grant: UserGrant, order: UserTokenOrder): Promise<HeldAccessToken> {
    const begunAt = this.#settings.clock.now();
    // Another replica may have stored it.
    const isNew = ({ acquiredAt }: HeldAccessToken): boolean => acquiredAt >= begunAt;
    return this.#requests.send(order.tenantId, () => grant.request(order, this.wire), isNew);
  }

  /** Holds a token that was granted. */
  hold(
    entry: UserEntry,
    { resource, claims }: { resource: UserResource; claims?: string | undefined },
    token: HeldAccessToken,
  ): void {
    const slot = entry.slotOf(resource);
    schedule(entry, slot, slot.hold(token, claims !== undefined), this.#settings);
    this.keep(entry);
  }

  #refused(exchange: RunningExchange, thrown: unknown): Error {
    const { grant, resource } = exchange;
    const entry = this.#heldFor(grant);
    const error = this.failureOf(grant, resource, thrown);
    if (error instanceof UserInteractionRequiredError) {
      this.#noteRefusal(entry, exchange, error);
      // A forged assertion must not take the place of another user.
      if (grant.isProvenBy(error) || entry.countedBytes > 0) this.keep(entry);
    }
    const slot = entry.find(resource);
    if (slot?.token !== undefined) {
      postpone(entry, slot, { held: slot.token, error: asError(error) }, this.#settings);
    }
    return error;
  }

  #noteRefusal(
    entry: UserEntry,
    { resource, claims }: RunningExchange,
    error: UserInteractionRequiredError,
  ): void {
    const at = this.#settings.clock.now();
    entry.slotOf(resource).refusal = { error, at, claims };
  }
}
