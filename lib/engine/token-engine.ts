import type { Observable } from 'rxjs';

import { untilAborted, withDeadline } from '../common/deadline.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { asError } from '../common/thrown.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type {
  AbortSignalLike,
  AccessToken,
  GetTokenOptions,
  TokenCredential,
} from '../entra/token-credential.js';
import type { EngineSettings } from './engine-settings.js';
import { FirstTokens } from './first-tokens.js';
import { usableUntil } from './refresh-policy.js';
import { RefreshScheduler, type TimerRegistry } from './refresh-scheduler.js';
import { SlotRegistry } from './slot-registry.js';
import type { TokenEvent } from './token-event.js';
import { TokenRefresher } from './token-refresher.js';
import { readTokenRequest, type TokenRequest } from './token-request.js';
import type { TokenSlot } from './token-slot.js';
import type { TokenState } from './token-state.js';

// A refresh takes a fraction of this. Whoever holds a token that is about to expire should not wait for an endpoint that hangs.
const longestWaitInMs = 2_000;

/** What the engine uses of the application that it runs in. */
export interface EngineHost {
  /** Where the refresh timers can be seen. */
  timers: TimerRegistry;
  logger: LineLogger;
}

/**
 * Holds access tokens and keeps them fresh in the background. While it holds a valid token, no call fails or waits for
 * the network, whatever the token endpoint does.
 */
export class TokenEngine implements TokenCredential {
  readonly #settings: EngineSettings;
  readonly #slots: SlotRegistry;
  readonly #refresher: TokenRefresher;
  readonly #firstTokens: FirstTokens;

  constructor(settings: EngineSettings, host: EngineHost) {
    const logger = new GuardedLogger(host.logger);
    const { clock } = settings;
    this.#settings = settings;
    this.#slots = new SlotRegistry(settings, (slot) => this.#refresher.forget(slot), logger);
    this.#refresher = new TokenRefresher(
      clock,
      new RefreshScheduler(host.timers, clock),
      this.#slots,
      logger,
    );
    this.#firstTokens = new FirstTokens(settings, this.#refresher, logger);
  }

  /** What happens to the tokens, free of secrets. Completes when the application shuts down. */
  get events(): Observable<TokenEvent> {
    return this.#refresher.events;
  }

  /**
   * The access token of a resource: at once when a valid one is held, else as soon as the credential gives one.
   *
   * @param resourceOrScopes name of a configured resource, or scopes
   * @param options `claims` bypass the held token and replace it; a `tenantId` other than the held token's selects
   *   another token; `enableCae` says what the caller can handle and asks for no other token than is configured;
   *   `abortSignal` ends this caller's wait only
   * @throws {UnknownResourceError} for a name that is neither configured nor a scope
   * @throws {EntraOptionsError} for scopes or options that no token request can hold
   * @throws {TokenUnavailableError} when no valid token is held and none can be had; `retryable` says whether waiting
   *   can help
   */
  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    let slot: TokenSlot;
    let request: TokenRequest;
    try {
      request = readTokenRequest(options);
      slot = this.#slots.find(resourceOrScopes, request);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    slot.usedSinceRefresh = true;
    const { claims, abortSignal } = request;
    if (claims !== undefined) {
      return handOut(slot, untilAborted(this.#refresher.answerChallenge(slot, claims), abortSignal));
    }
    const now = this.#settings.clock.now();
    if (now < slot.answerUntil && slot.answer !== undefined) {
      if (slot.isDue(now)) this.#refresher.kick(slot);
      return slot.answer;
    }
    return handOut(slot, this.#obtain(slot, abortSignal));
  }

  /**
   * The token that `getToken` would return at once, without a promise, even if a server has rejected it.
   *
   * @returns `undefined` when none is held, or when it is in its last seconds
   * @throws {UnknownResourceError} when there is no such resource
   */
  heldToken(resource: string): AccessToken | undefined {
    const slot = this.#slots.named(resource);
    const now = this.#settings.clock.now();
    slot.usedSinceRefresh = true;
    if (slot.held === undefined || now >= usableUntil(slot.held)) return undefined;
    if (slot.isDue(now)) this.#refresher.kick(slot);
    return slot.held;
  }

  /**
   * Says that a server rejected a token. If it is still the held one, it is replaced in the background; calls wait
   * for the new one, and get the old one back if there is none. A token that is not held any more is ignored.
   *
   * @param rejected the token, or what `getToken` returned
   */
  invalidate(rejected: AccessToken | string): void {
    const token = typeof rejected === 'string' ? rejected : rejected.token;
    for (const slot of this.#slots.all()) {
      if (slot.held?.token === token) this.#refresher.replaceRejected(slot);
    }
  }

  /**
   * Replaces the token of a resource now. One request serves all who ask at the same time. Managed identity may
   * return the token that is held already.
   *
   * @param resource name of a configured resource
   * @throws {UnknownResourceError} when there is no such resource
   * @throws {TokenUnavailableError} when the attempt fails; the held token stays in use
   */
  async refresh(resource: string): Promise<AccessToken> {
    return this.#refresher.refresh(this.#slots.named(resource));
  }

  /**
   * Where the tokens stand. Free of secrets.
   *
   * @param resource name of a configured resource. Default: all, tokens that were asked for by scopes included
   * @throws {UnknownResourceError} when there is no such resource
   */
  state(resource?: string): TokenState[] {
    const now = this.#settings.clock.now();
    if (resource !== undefined) return [{ ...this.#slots.named(resource).state(now), resource }];
    const named = [...this.#slots.names()].map(([name, slot]) => ({ ...slot.state(now), resource: name }));
    return [...named, ...this.#slots.onDemand().map((slot) => slot.state(now))];
  }

  /**
   * A function that returns the current token as a string, for drivers that ask for the password on each new
   * connection: `pg.Pool` and what is built on it. Others need a few lines more; `docs/drivers.md` has them.
   *
   * @param resource name of a configured resource. Default: `'postgres'`
   * @throws {UnknownResourceError} at once, when there is no such resource
   */
  passwordProvider(resource = 'postgres'): () => Promise<string> {
    this.#slots.named(resource);
    return async () => (await this.getToken(resource)).token;
  }

  /**
   * The held token until its very end, even if a server has rejected it: for callers that cannot wait any longer.
   *
   * @throws {UnknownResourceError} when there is no such resource
   */
  lastResort(resource: string): AccessToken | undefined {
    return this.#slots.named(resource).unexpired(this.#settings.clock.now());
  }

  /** Starts as the option `startup` says. */
  async start(): Promise<void> {
    const { startup } = this.#settings;
    if (startup === 'lazy') return;
    const slots = this.#slots.configured();
    if (startup === 'background') {
      for (const slot of slots) this.#refresher.kick(slot);
      return;
    }
    await this.#waitForFirst(slots);
  }

  /** Waits for the first token of a resource as the option `startup` says, for what needs it before `start`. */
  async ready(resource: string): Promise<void> {
    if (this.#settings.startup === 'wait') await this.#waitForFirst([this.#slots.named(resource)]);
  }

  /** Stops every timer and wait. A token that is held is still served until it expires. */
  async stop(): Promise<void> {
    await this.#refresher.close(this.#slots.all(), this.#slots.credentials());
  }

  /**
   * The slow way: there is no token, or the held one is rejected or in its last seconds. A token that has not expired
   * is still better than an error, and better than a wait that would outlast it.
   */
  async #obtain(slot: TokenSlot, abortSignal: AbortSignalLike | undefined): Promise<HeldAccessToken> {
    const { clock } = this.#settings;
    const now = clock.now();
    const held = slot.unexpired(now);
    const timeoutInMs = held === undefined ? Infinity : patienceWith(slot, held, now);
    if (held !== undefined && timeoutInMs <= 0) return held;
    const next = untilAborted(this.#refresher.demand(slot), abortSignal);
    try {
      if (held === undefined) return await next;
      const onTimeout = (): Error =>
        new EntraTimeoutError('The refresh', timeoutInMs, 'The held token is used.');
      return await withDeadline(next, { timeoutInMs, clock, onTimeout });
    } catch (error) {
      const fallback = isEntraAuthError(error) ? slot.unexpired(clock.now()) : undefined;
      if (fallback !== undefined) return fallback;
      throw error;
    }
  }

  /** A start that fails leaves nothing running: Nest calls no shutdown hook then. */
  async #waitForFirst(slots: readonly TokenSlot[]): Promise<void> {
    try {
      await this.#firstTokens.wait(slots);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }
}

/** Notes that a token which had to be waited for was handed out, and so must be kept fresh. */
async function handOut(slot: TokenSlot, token: Promise<HeldAccessToken>): Promise<HeldAccessToken> {
  const obtained = await token;
  slot.usedSinceRefresh = true;
  return obtained;
}

/** How long to wait for a better token than the held one, in milliseconds; not at all when none is on its way. */
function patienceWith(slot: TokenSlot, held: HeldAccessToken, now: number): number {
  if (slot.flight === undefined && (slot.heldIsRejected || isBackingOff(slot, now))) return 0;
  const waitedInMs = now - (slot.flight?.startedAt ?? now);
  const longestInMs = slot.heldIsRejected ? slot.resource.policy.attemptTimeoutInMs : longestWaitInMs;
  return Math.min((held.expiresOnTimestamp - now) / 2, longestInMs - waitedInMs);
}

function isBackingOff(slot: TokenSlot, now: number): boolean {
  return slot.lastError !== undefined && !slot.isDue(now);
}
