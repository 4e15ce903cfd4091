import type { Timestamp } from '../common/clock.js';
import { CommonTimer } from '../common/common-timer.js';
import { Fifo } from '../common/fifo.js';
import { asError } from '../common/thrown.js';
import { readTokenRequest, type TokenRequest } from '../engine/token-request.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { AccessToken, GetTokenOptions } from '../entra/token-credential.js';
import { expiredAssertion } from './assertion.js';
import { exchangeTimeInMs, inExchangeTime } from './exchange-deadline.js';
import type { RequestRate } from './request-rate.js';
import type { UserTokenSettings } from './resolve-user-options.js';
import type { UserCache } from './user-cache.js';
import type { UserExchanges } from './user-exchanges.js';
import type { UserGrant } from './user-grant.js';
import type { UserResource, UserResources } from './user-resources.js';
import type { UserSlot } from './user-slot.js';
import { TurnShare } from './turn-share.js';
import { checkTenant } from './user-tenant.js';
import { UserInteractionRequiredError } from './user-token.error.js';

const rateRetryInMs = 1_000;
// Each takes some hundredths of a millisecond before it waits for something else.
const mostInTurn = 50;
const mostWaiting = 20_000;

export interface UserCallParts {
  readonly resources: UserResources;
  readonly cache: UserCache;
  readonly exchanges: UserExchanges;
  readonly rate: RequestRate;
}

/**
 * Answers the calls of credentials, from memory when a valid token is held. Two thousand callers may come in one turn of the
 * event loop: what a call does before it waits is short, and has no promise that it need not have.
 */
export class UserCalls {
  readonly #settings: UserTokenSettings;
  readonly #resources: UserResources;
  readonly #cache: UserCache;
  readonly #exchanges: UserExchanges;
  readonly #rate: RequestRate;
  /** Calls that found no token, and wait for their turn. */
  readonly #waiting = new Fifo<() => void>();
  readonly #turn = new TurnShare(mostInTurn, () => this.#next());
  readonly #deadline: CommonTimer;

  constructor(settings: UserTokenSettings, { resources, cache, exchanges, rate }: UserCallParts) {
    this.#settings = settings;
    this.#resources = resources;
    this.#cache = cache;
    this.#exchanges = exchanges;
    this.#rate = rate;
    this.#deadline = new CommonTimer(settings.clock, exchangeTimeInMs(settings.requestTimeoutInMs));
  }

  getToken(
    grant: UserGrant,
    named: string | string[],
    options: GetTokenOptions | undefined,
  ): Promise<AccessToken> {
    try {
      const resource = this.#resources.find(named);
      const slot = grant.entry.find(resource);
      const now = this.#settings.clock.now();
      if (slot?.token !== undefined && isPlain(options) && this.#serves(grant, slot, resource, now)) {
        if (slot.idleInMs > 0) slot.idleInMs = 0;
        return Promise.resolve(slot.token);
      }
      return this.#obtainInTurn(grant, resource, readTokenRequest(options));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  invalidate({ entry }: UserGrant, rejected: string): void {
    const { clock, policy } = this.#settings;
    for (const slot of entry.slots()) slot.reject(rejected, clock.now(), policy.forcedRefreshCooldownInMs);
  }

  /** Leaves no timer behind once the last caller has its answer. */
  stop(): void {
    this.#deadline.stop();
  }

  /** Thousands that come in one turn of the event loop are not all begun in it. */
  #obtainInTurn(grant: UserGrant, resource: UserResource, request: TokenRequest): Promise<AccessToken> {
    if ((this.#turn.isLeft && this.#waiting.length === 0) || this.#waiting.length >= mostWaiting) {
      this.#turn.take();
      return this.#obtain(grant, resource, request);
    }
    const turn = new Promise<void>((resolve) => this.#waiting.add(resolve));
    return turn.then(() => this.#obtain(grant, resource, request));
  }

  #next(): void {
    while (this.#turn.isLeft) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      this.#turn.take();
      next();
    }
  }

  #obtain(grant: UserGrant, resource: UserResource, request: TokenRequest): Promise<AccessToken> {
    grant.entry = this.#cache.get(grant.entry.key) ?? grant.entry;
    const check = checkTenant(grant.entry, request.tenantId, this.#settings.tenantId);
    const token = this.#heldOrNew(grant, resource, request);
    return check === undefined ? token : token.then(check);
  }

  #heldOrNew(grant: UserGrant, resource: UserResource, request: TokenRequest): Promise<HeldAccessToken> {
    const { clock, place } = this.#settings;
    const { entry } = grant;
    const now = clock.now();
    if (now >= entry.endsAt) throw expiredAssertion(entry.endsAt, place);
    const { claims } = request;
    const slot = entry.find(resource);
    const refusal = slot?.repeatedRefusal(claims, now);
    if (refusal !== undefined && (claims !== undefined || slot?.token === undefined)) throw refusal;
    if (slot?.token === undefined || claims !== undefined) return this.#exchange(grant, resource, request);
    if (now < entry.usableUntil(slot)) return Promise.resolve(slot.token);
    return this.#newOrHeld(grant, resource, request);
  }

  /** A new token, or the held one while it lives: by the clock of this machine it ends soon, or the resource rejected it. */
  async #newOrHeld(
    grant: UserGrant,
    resource: UserResource,
    request: TokenRequest,
  ): Promise<HeldAccessToken> {
    const { entry } = grant;
    const { token: held, isRejected = false } = entry.find(resource) ?? {};
    try {
      return await this.#exchange(grant, resource, request);
    } catch (error) {
      const until = Math.min(held?.expiresOnTimestamp ?? 0, entry.endsAt);
      if (held === undefined || this.#settings.clock.now() >= until) throw error;
      if (request.abortSignal?.aborted === true) throw error;
      if (isRejected && error instanceof UserInteractionRequiredError) throw error;
      return held;
    }
  }

  #exchange(grant: UserGrant, resource: UserResource, request: TokenRequest): Promise<HeldAccessToken> {
    const flight = this.#exchanges.exchange(grant, resource, request.claims, () => this.#rate.count());
    const { requestTimeoutInMs } = this.#settings;
    return inExchangeTime(flight, { clock: this.#deadline, requestTimeoutInMs, signal: request.abortSignal });
  }

  /** Whether a slot's token is handed out. Refreshes it when that is due. */
  #serves(grant: UserGrant, slot: UserSlot, resource: UserResource, now: Timestamp): boolean {
    if (now < slot.freshUntil) return true;
    const usableUntil = grant.entry.usableUntil(slot);
    if (now >= usableUntil) return false;
    const isSent = this.#rate.take();
    slot.freshUntil = isSent ? usableUntil : Math.min(now + rateRetryInMs, usableUntil);
    // What becomes of it is noted in the slot.
    if (isSent) this.#exchanges.exchange(grant, resource, undefined).catch(() => undefined);
    return true;
  }
}

function isPlain(options: GetTokenOptions | undefined): boolean {
  if (options === undefined) return true;
  return typeof options === 'object' && !options?.claims && !options?.tenantId;
}
