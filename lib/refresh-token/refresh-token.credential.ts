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
import { needsSignIn } from '../entra/token-endpoint.error.js';
import { connectRequests, observationOf } from '../entra/wire-observation.js';
import type { SharedAccessToken } from '../store/refresh-token-store.js';
import { refreshTokenState } from './refresh-token-state.js';
import type { RedeemOptions, RefreshTokenCredentialOptions } from './refresh-token.credential-options.js';
import { RefreshTokenKeeper } from './refresh-token.keeper.js';
import { RefreshTokenRedeemer } from './refresh-token.redeemer.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import { resolveRefreshTokenOptions } from './resolve-refresh-token-options.js';
import { SaveRetry } from './save-retry.js';
import { StandingError } from './standing-error.js';
import { tokenRequest, type TokenRequest, type TokenRequestOptions } from './token-request.js';
import type { TokenResponse } from './token-response.js';

const redemption = 'redemption';

interface Call<T> {
  options: TokenRequestOptions;
  signal: AbortSignalLike | undefined;
  /** The calls in flight that another call may share. */
  inFlight: Map<string, Promise<T>>;
  work: (request: TokenRequest) => Promise<T>;
  /** Looks for a result before any work begins. */
  known?: (request: TokenRequest) => T | undefined;
  /** Is told of the result that the caller gets. */
  handOut?: (request: TokenRequest, result: T) => void;
}

/**
 * Redeems a refresh token for access tokens of a user or an application. The new refresh token is stored before anything
 * else is done with a response.
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
  /** Allows one redemption at a time: two could redeem the same refresh token. */
  readonly #mutex = new KeyedMutex();
  readonly #tokensInFlight = new Map<string, Promise<SharedAccessToken>>();
  readonly #responsesInFlight = new Map<string, Promise<TokenResponse>>();
  readonly #standingError = new StandingError();
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
   * Returns an access token. Concurrent calls for the same share one request, and replicas that share the store share its
   * response: a stored access token serves while more than half of its life is left and it has not been handed out
   * here before, so that a second call gets a new one. Nothing else is cached, except a token that arrived after its
   * caller had given up: the next call for the same gets it.
   *
   * @param scopes one scope or several of one resource
   * @param options `claims` always make a request; `abortSignal` ends the caller's wait only; `requestOptions` is not
   *   heeded, since one request serves many callers
   * @throws {RefreshTokenExpiredError | ReauthenticationRequiredError} when the user must sign in again
   * @throws {InvalidClientError} when the client could not authenticate
   * @throws {TokenRequestFailedError} when the token endpoint cannot be reached or is overloaded
   * @throws {RefreshTokenStoreError} when the store fails and `whenStoreFails` is `'stop'`
   * @throws {EntraOptionsError} when scopes, claims or tenant cannot be asked for
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const { claims, tenantId, enableCae, abortSignal } = options;
    const shared = await connectRequests(observationOf(abortSignal), () =>
      this.#run<SharedAccessToken>({
        options: { scopes, claims, tenantId, enableCae },
        signal: abortSignal,
        inFlight: this.#tokensInFlight,
        work: (request) => this.#redeemer.obtain(request),
        known: (request) => this.#redeemer.unclaimed(request),
        handOut: (request, token) => this.#redeemer.handOut(request, token),
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
    const { abortSignal: signal, ...requested } = options;
    const inFlight = this.#responsesInFlight;
    return this.#run({
      options: requested,
      signal,
      inFlight,
      work: (request) => this.#redeemer.redeem(request),
    });
  }

  /**
   * Returns the state of the refresh token, without secrets and without waiting. Before the first use it begins to read the
   * store, so that a later call knows how old the refresh token is.
   */
  state(): CredentialState {
    const { memory, problem } = this.#keeper;
    const now = this.#settings.transport.clock.now();
    const error = this.#standingError.at(now);
    return refreshTokenState(
      {
        obtainedOn: this.#keeper.obtainedOn(),
        spa: this.#settings.spa,
        error,
        signIn: needsSignIn(error),
        unsaved: memory.unsaved !== undefined,
        storeProblem: problem,
      },
      now,
    );
  }

  /** How many refresh tokens were redeemed, since the credential was made. */
  get redemptions(): number {
    return this.#redeemer.redemptions;
  }

  /** When the client certificate expires; `undefined` without one, and before its first use. */
  certificateExpiresAt(): Date | undefined {
    return this.#settings.authentication.certificateExpiresAt?.();
  }

  /**
   * Retries to store a new refresh token now. A timer, which keeps no process alive, and each redemption retry it too.
   *
   * @returns whether everything is stored
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
   * Waits for redemptions in flight, retries once to store a new refresh token, and stops the timer. A refresh token that
   * could not be stored becomes a process warning.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (await this.flush()) return;
    const { problem = '', fix = '' } = this.state();
    warnOfLosses([{ problem, fix }]);
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run<T>(call: Call<T>): Promise<T> {
    const request = tokenRequest(call.options, this.#settings);
    const result = await this.#share(call, request);
    call.handOut?.(request, result);
    return result;
  }

  /** Joins a call in flight for the same, or begins one. */
  async #share<T>({ signal, inFlight, work, known }: Call<T>, request: TokenRequest): Promise<T> {
    const key = JSON.stringify([request.key, request.claims]);
    const underWay = inFlight.get(key);
    if (underWay !== undefined) return untilAborted(underWay, signal);
    if (this.#closed) throw new EntraShutDownError();
    if (signal?.aborted) return untilAborted(new Promise<T>(() => undefined), signal);
    const before = known?.(request);
    if (before !== undefined) return before;
    const begun = this.#mutex.withLock(redemption, () => this.#redeem(request, work));
    inFlight.set(key, begun);
    const end = (): void => void inFlight.delete(key);
    begun.then(end, end);
    return untilAborted(begun, signal);
  }

  async #redeem<T>(request: TokenRequest, work: (request: TokenRequest) => Promise<T>): Promise<T> {
    try {
      const result = await work(request);
      this.#standingError.succeeded(request.key);
      return result;
    } catch (error) {
      if (isEntraAuthError(error) && !error.retryable) {
        this.#standingError.failed(request.key, error, this.#settings.transport.clock.now());
      }
      throw asError(error);
    } finally {
      this.#planSave();
    }
  }

  /** Retries later to store a new refresh token, until it is stored. */
  #planSave(): void {
    if (this.#keeper.memory.unsaved === undefined || this.#closed) this.#saveRetry.stop();
    else this.#saveRetry.plan();
  }
}
