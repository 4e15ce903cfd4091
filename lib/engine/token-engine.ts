import type { Observable } from 'rxjs';

import { untilAborted, withDeadline } from '../common/deadline.js';
import { EntraTimeoutError, isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { asError } from '../common/thrown.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type {
  AbortSignalLike,
  AccessToken,
  GetTokenOptions,
  TokenCredential,
} from '../entra/token-credential.js';
import type { ConfiguredEntries } from './configured-entries.js';
import type { EngineSettings } from './engine-settings.js';
import { EntryRegistry } from './entry-registry.js';
import { isDue, unexpired } from './entry-state.js';
import { FirstTokens } from './first-tokens.js';
import { passwordFunction } from './password-function.js';
import { patienceWith } from './patience.js';
import { usableUntil } from './refresh-policy.js';
import type { TimerRegistry } from './refresh-scheduler.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEvent } from './token-event.js';
import { TokenRefresher } from './token-refresher.js';
import { readTokenRequest, type TokenRequest } from './token-request.js';
import { tokenStateOf, type TokenState } from './token-state.js';

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
  readonly #entries: EntryRegistry;
  readonly #configured: ConfiguredEntries;
  readonly #refresher: TokenRefresher;
  readonly #firstTokens: FirstTokens;

  constructor(settings: EngineSettings, host: EngineHost) {
    const logger = new GuardedLogger(host.logger);
    this.#settings = settings;
    this.#entries = new EntryRegistry(settings, (entry) => this.#refresher.forget(entry), logger);
    this.#configured = this.#entries.configured;
    this.#refresher = new TokenRefresher(settings.clock, host.timers, this.#entries, logger);
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
   *   another token; `enableCae` is a capability of the caller, and does not select another token;
   *   `abortSignal` ends this caller's wait only
   * @throws {UnknownResourceError} for a name that is neither configured nor a scope
   * @throws {EntraOptionsError} for scopes or options that no token request can hold
   * @throws {TokenUnavailableError} when no valid token is held and none can be obtained; `retryable` tells whether waiting
   *   can help
   */
  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    let entry: TokenEntry;
    let request: TokenRequest;
    try {
      request = readTokenRequest(options);
      entry = this.#entries.find(resourceOrScopes, request);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    entry.noteUse();
    const { claims, abortSignal } = request;
    if (claims !== undefined) {
      return handOut(entry, untilAborted(this.#refresher.answerChallenge(entry, claims), abortSignal));
    }
    const now = this.#settings.clock.now();
    const answer = entry.answerAt(now);
    if (answer !== undefined) {
      if (isDue(entry.state, now)) this.#refresher.refreshInBackground(entry);
      return answer;
    }
    return handOut(entry, this.#obtain(entry, abortSignal));
  }

  /**
   * The token that `getToken` would return at once, without a promise, even if a server has rejected it.
   *
   * @returns `undefined` when none is held, or when it is in its last seconds
   * @throws {UnknownResourceError} for a name that is not configured
   */
  heldToken(resource: string): AccessToken | undefined {
    const entry = this.#configured.named(resource);
    const now = this.#settings.clock.now();
    const { held } = entry.state;
    entry.noteUse();
    if (held === undefined || now >= usableUntil(held)) return undefined;
    if (isDue(entry.state, now)) this.#refresher.refreshInBackground(entry);
    return held;
  }

  /**
   * Reports that a server rejected a token. If it is still the held one, it is replaced in the background; calls wait
   * for the new one, and get the old one back if there is none. A token that is not held any more is ignored.
   *
   * @param rejected the token, or what `getToken` returned
   */
  invalidate(rejected: AccessToken | string): void {
    const token = typeof rejected === 'string' ? rejected : rejected.token;
    for (const entry of this.#entries.all()) {
      if (entry.state.held?.token === token) this.#refresher.invalidate(entry);
    }
  }

  /**
   * Reports that a server refused a login: emits `login-refused`, and leaves the token alone.
   *
   * @param resource name of a configured resource
   * @param error free of secrets
   * @throws {UnknownResourceError} for a name that is not configured
   */
  reportRefusedLogin(resource: string, error: EntraAuthError): void {
    this.#configured.named(resource);
    this.#refresher.reportRefusedLogin(resource, error);
  }

  /**
   * Replaces the token of a resource now. Calls at the same time share one request. Managed identity may return the token
   * that is held already. A token that ends sooner is taken, unless it leaves less than half of the held one's time.
   *
   * @param resource name of a configured resource
   * @throws {UnknownResourceError} for a name that is not configured
   * @throws {TokenUnavailableError} when the attempt fails; the held token stays in use
   */
  async refresh(resource: string): Promise<AccessToken> {
    return this.#refresher.replace(this.#configured.named(resource));
  }

  /**
   * Where the tokens stand. Free of secrets.
   *
   * @param resource name of a configured resource. Default: all, tokens that were asked for by scopes included
   * @throws {UnknownResourceError} for a name that is not configured
   */
  state(resource?: string): TokenState[] {
    const now = this.#settings.clock.now();
    if (resource !== undefined) return [{ ...tokenStateOf(this.#configured.named(resource), now), resource }];
    const named = [...this.#configured.names()].map(([name, entry]) => ({
      ...tokenStateOf(entry, now),
      resource: name,
    }));
    return [...named, ...this.#entries.onDemand().map((entry) => tokenStateOf(entry, now))];
  }

  /**
   * A function that returns the current token as a string, for drivers that ask for the password on each new
   * connection: `pg.Pool` and what is built on it. Others need a few lines more; `docs/drivers.md` has them.
   * Ends the connection of a `pg` client that it has to fail.
   *
   * @param resource name of a configured resource. Default: `'postgres'`
   * @throws {UnknownResourceError} at once, for a name that is not configured
   */
  passwordProvider(resource = 'postgres'): () => Promise<string> {
    this.#configured.named(resource);
    return passwordFunction(() => this.getToken(resource));
  }

  /**
   * The held token until its very end, even if a server has rejected it: for callers that cannot wait any longer.
   *
   * @throws {UnknownResourceError} for a name that is not configured
   */
  lastResort(resource: string): AccessToken | undefined {
    return unexpired(this.#configured.named(resource).state, this.#settings.clock.now());
  }

  /** Starts as the option `startup` demands. */
  async start(): Promise<void> {
    const { startup } = this.#settings;
    if (startup === 'lazy') return;
    const entries = this.#configured.all();
    if (startup === 'background') {
      for (const entry of entries) this.#refresher.refreshInBackground(entry);
      return;
    }
    await this.#waitForFirst(entries);
  }

  /** Waits for the first token of a resource as the option `startup` demands, for code that needs it before `start`. */
  async ready(resource: string): Promise<void> {
    if (this.#settings.startup === 'wait') await this.#waitForFirst([this.#configured.named(resource)]);
  }

  /** Stops every timer and wait. A token that is held is still served until it expires. */
  async stop(): Promise<void> {
    await this.#refresher.close(this.#entries.all(), this.#entries.credentials());
  }

  /**
   * Waits for a token where none is held, or where the held one is rejected or in its last seconds. Until it expires, the
   * held one is better than an error, and better than a wait that would outlast it.
   */
  async #obtain(entry: TokenEntry, abortSignal: AbortSignalLike | undefined): Promise<HeldAccessToken> {
    const { clock } = this.#settings;
    const now = clock.now();
    const held = unexpired(entry.state, now);
    const timeoutInMs = held === undefined ? Infinity : patienceWith(entry, held, now);
    if (held !== undefined && timeoutInMs <= 0) return held;
    const next = untilAborted(this.#refresher.waitForToken(entry), abortSignal);
    try {
      if (held === undefined) return await next;
      const onTimeout = (): Error =>
        new EntraTimeoutError('The refresh', timeoutInMs, 'The held token is used.');
      return await withDeadline(next, { timeoutInMs, clock, onTimeout });
    } catch (error) {
      const fallback = isEntraAuthError(error) ? unexpired(entry.state, clock.now()) : undefined;
      if (fallback !== undefined) return fallback;
      throw error;
    }
  }

  /** A start that fails leaves nothing running: Nest calls no shutdown hook then. */
  async #waitForFirst(entries: readonly TokenEntry[]): Promise<void> {
    try {
      await this.#firstTokens.wait(entries);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }
}

/** Notes that a token which had to be waited for was handed out, and so must be kept fresh. */
async function handOut(entry: TokenEntry, token: Promise<HeldAccessToken>): Promise<HeldAccessToken> {
  const obtained = await token;
  entry.noteUse();
  return obtained;
}
