import { untilAborted } from '../common/deadline.js';
import { EntraShutDownError, isEntraAuthError } from '../common/entra-auth.error.js';
import { KeyedMutex } from '../common/keyed-mutex.js';
import { asError } from '../common/thrown.js';
import { warnOfLosses, type CredentialState, type ReportingCredential } from '../entra/credential-state.js';
import { HeldAccessToken } from '../entra/held-access-token.js';
import type {
  AbortSignalLike,
  AccessToken,
  GetTokenOptions,
  TokenCredential,
} from '../entra/token-credential.js';
import { connectRequests, observationOf } from '../entra/wire-observation.js';
import type { SharedAccessToken } from '../store/refresh-token-store.js';
import { grantRequest, type GrantRequest, type Wish } from './grant-request.js';
import { refreshTokenState } from './refresh-token-state.js';
import type { RedeemOptions, RefreshTokenCredentialOptions } from './refresh-token.credential-options.js';
import { RefreshTokenKeeper } from './refresh-token.keeper.js';
import { RefreshTokenRedeemer } from './refresh-token.redeemer.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import { needsSignIn } from './refusal.js';
import { resolveRefreshTokenOptions } from './resolve-refresh-token-options.js';
import { SaveRetry } from './save-retry.js';
import { SharedFlight } from './shared-flight.js';
import { StandingRefusal } from './standing-refusal.js';
import type { TokenResponse } from './token-response.js';
import { UnclaimedTokens } from './unclaimed-tokens.js';

const redemption = 'redemption';

interface Call<T> {
  wish: Wish;
  signal: AbortSignalLike | undefined;
  /** Those that another call may share. */
  flights: Map<string, SharedFlight<T>>;
  work: (request: GrantRequest) => Promise<T>;
  /** Where results are kept that nobody waits for any more, and looked for before anything is asked for. */
  unclaimed?: { keep(key: string, result: T): void; take(key: string, now: number): T | undefined };
}

/**
 * Access tokens of a user or an application for a refresh token, which is replaced at each use. The new refresh token is
 * stored before anything else is done with a response, so that it outlives whatever happens next.
 *
 * Give the module an instance, not a function that makes one: the instance knows what must still be stored.
 *
 * ```ts
 * const credential = new RefreshTokenCredential({ tenantId, clientId, clientSecret, store });
 * EntraAuthModule.forRoot({ resources: { graph: { credential } } });
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export class RefreshTokenCredential implements TokenCredential, ReportingCredential {
  readonly #settings: RefreshTokenSettings;
  readonly #keeper: RefreshTokenKeeper;
  readonly #redeemer: RefreshTokenRedeemer;
  /** One redemption at a time: two at once might redeem the same refresh token twice. */
  readonly #mutex = new KeyedMutex();
  readonly #tokenFlights = new Map<string, SharedFlight<SharedAccessToken>>();
  readonly #responseFlights = new Map<string, SharedFlight<TokenResponse>>();
  readonly #unclaimed = new UnclaimedTokens();
  readonly #refusal = new StandingRefusal();
  readonly #saveRetry: SaveRetry;
  #closed = false;

  /** @throws {EntraOptionsError} for the first option that is wrong or missing */
  constructor(options: RefreshTokenCredentialOptions) {
    this.#settings = resolveRefreshTokenOptions(options);
    this.#keeper = new RefreshTokenKeeper(this.#settings);
    this.#redeemer = new RefreshTokenRedeemer(this.#settings, this.#keeper);
    this.#saveRetry = new SaveRetry(this.#settings.transport.clock, () => this.flush());
  }

  /**
   * An access token. Calls for the same at the same time share one request, and replicas that share the store share
   * its answer: a stored access token serves while more than half of its life is left and it has not been handed out
   * here before. Whoever asks again so gets a new one. Nothing else is cached here, but for a token that came when
   * whoever asked for it had given up: it waits for the next one who asks for the same.
   *
   * @param scopes one scope or several of one resource
   * @param options `claims` always make a request; `abortSignal` ends the caller's wait only; `requestOptions` is not
   *   heeded, since one request serves many callers
   * @throws {RefreshTokenExpiredError | ReauthenticationRequiredError} when somebody must sign in again
   * @throws {InvalidClientError} when the client could not prove who it is
   * @throws {TokenRequestFailedError} when the token endpoint cannot be reached or is unwell
   * @throws {RefreshTokenStoreError} when the store fails and `whenStoreFails` is `'stop'`
   * @throws {EntraOptionsError} when scopes, claims or tenant cannot be asked for
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const { claims, tenantId, enableCae, abortSignal } = options;
    const shared = await connectRequests(observationOf(abortSignal), () =>
      this.#run<SharedAccessToken>({
        wish: { scopes, claims, tenantId, enableCae },
        signal: abortSignal,
        flights: this.#tokenFlights,
        work: (request) => this.#redeemer.obtain(request),
        unclaimed: this.#unclaimed,
      }),
    );
    return new HeldAccessToken({ ...shared, acquiredAt: shared.acquiredOnTimestamp });
  }

  /**
   * Redeems the refresh token now, whatever is stored, and returns the whole response. Calls for the same at the same
   * time share one request.
   *
   * @throws as {@link getToken}
   */
  redeem(options: RedeemOptions = {}): Promise<TokenResponse> {
    const { abortSignal: signal, ...wish } = options;
    const flights = this.#responseFlights;
    return this.#run({ wish, signal, flights, work: (request) => this.#redeemer.redeem(request) });
  }

  /**
   * Where the refresh token stands. Free of secrets. Does not wait: before the first use it has the store read in the
   * background, so that the next call knows how old the refresh token is.
   */
  state(): CredentialState {
    const { memory, problem } = this.#keeper;
    const now = this.#settings.transport.clock.now();
    const refusal = this.#refusal.at(now);
    return refreshTokenState(
      {
        obtainedOn: this.#keeper.obtainedOn(),
        spa: this.#settings.spa,
        refusal,
        signIn: needsSignIn(refusal),
        unsaved: memory.unsaved !== undefined,
        storeProblem: problem,
      },
      now,
    );
  }

  /**
   * Tries now to store a new refresh token that could not be stored before. That is also tried before each redemption, and
   * by a timer, which keeps no process alive.
   *
   * @returns whether there is nothing left to be stored
   */
  async flush(): Promise<boolean> {
    await this.#mutex.withLock(redemption, () => this.#keeper.flush());
    this.#planSave();
    return this.#keeper.memory.unsaved === undefined;
  }

  /** How long shutdown waits for `flush`, in milliseconds. */
  get flushTimeoutInMs(): number {
    return this.#settings.shutdownTimeoutInMs;
  }

  /**
   * Ends: waits for redemptions under way, tries once more to store what must be stored, and stops the timer. A refresh
   * token that could not be stored becomes a process warning.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (await this.flush()) return;
    const { problem = '', fix = '' } = this.state();
    warnOfLosses([{ problem, fix }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run<T>({ wish, signal, flights, work, unclaimed }: Call<T>): Promise<T> {
    const request = grantRequest(wish, this.#settings);
    const key = JSON.stringify([request.key, request.claims]);
    const underWay = flights.get(key);
    if (underWay !== undefined) return underWay.wait(signal);
    if (this.#closed) throw new EntraShutDownError();
    if (signal?.aborted) return untilAborted(new Promise<T>(() => undefined), signal);
    const late = unclaimed?.take(key, this.#settings.transport.clock.now());
    if (late !== undefined) return late;
    const landing = this.#mutex.withLock(redemption, () => this.#redeem(request, work));
    const flight = new SharedFlight(landing, (result) => unclaimed?.keep(key, result));
    flights.set(key, flight);
    const landed = (): void => void flights.delete(key);
    landing.then(landed, landed);
    return flight.wait(signal);
  }

  async #redeem<T>(request: GrantRequest, work: (request: GrantRequest) => Promise<T>): Promise<T> {
    try {
      const result = await work(request);
      this.#refusal.accepted(request.key);
      return result;
    } catch (error) {
      if (isEntraAuthError(error) && !error.retryable) {
        this.#refusal.refused(request.key, error, this.#settings.transport.clock.now());
      }
      throw asError(error);
    } finally {
      this.#planSave();
    }
  }

  /** Tries again later to store what must be stored, until it is. */
  #planSave(): void {
    if (this.#keeper.memory.unsaved === undefined || this.#closed) this.#saveRetry.stop();
    else this.#saveRetry.plan();
  }
}
