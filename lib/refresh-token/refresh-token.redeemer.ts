import { BoundedMap } from '../common/bounded-map.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
import {
  concernsResource,
  needsSignIn,
  ReauthenticationRequiredError,
} from '../entra/token-endpoint.error.js';
import type { SharedAccessToken, StoredRefreshToken } from '../store/refresh-token-store.js';
import { errorWithoutSecrets } from './error-without-secrets.js';
import { InitialRefreshToken } from './initial-refresh-token.js';
import type { Redemption } from './refresh-token-grant.js';
import type { KeptRefreshToken, RefreshTokenKeeper } from './refresh-token.keeper.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import { isYoung, sharedTokenOf, usableSharedToken, withSharedToken } from './shared-access-token.js';
import type { TokenRequest } from './token-request.js';
import type { TokenResponse } from './token-response.js';

const mostRemembered = 200;

/** Decides which refresh token is redeemed, and what is stored when. */
export class RefreshTokenRedeemer {
  readonly #settings: RefreshTokenSettings;
  readonly #keeper: RefreshTokenKeeper;
  /** The newest access token for each request, and whether a caller got it. */
  readonly #newest = new BoundedMap<string, { token: SharedAccessToken; isHandedOut: boolean }>(
    mostRemembered,
  );
  readonly #initial: InitialRefreshToken;
  #redemptions = 0;

  constructor(settings: RefreshTokenSettings, keeper: RefreshTokenKeeper) {
    this.#settings = settings;
    this.#keeper = keeper;
    this.#initial = new InitialRefreshToken(settings);
  }

  /** How many refresh tokens the token endpoint has taken. */
  get redemptions(): number {
    return this.#redemptions;
  }

  /** Returns an access token that another replica has stored, or a new one. */
  obtain(request: TokenRequest): Promise<SharedAccessToken> {
    const { memory } = this.#keeper;
    return this.#keeper.use(async (kept) => {
      this.#settings.checkStored?.((kept.stored ?? memory.latest)?.user);
      const token = this.#shared(kept.stored, request) ?? sharedTokenOf(await this.#grant(kept, request));
      this.#remember(request, token, false);
      return token;
    });
  }

  /** The newest access token for the request, if it arrived after its caller had given up. */
  unclaimed(request: TokenRequest): SharedAccessToken | undefined {
    const newest = request.claims === undefined ? this.#newest.get(request.key) : undefined;
    if (newest === undefined || newest.isHandedOut) return undefined;
    return isYoung(newest.token, this.#settings.transport.clock.now()) ? newest.token : undefined;
  }

  /** Notes that a caller got the access token, so that the next call gets another. */
  handOut(request: TokenRequest, token: SharedAccessToken): void {
    this.#remember(request, token, true);
  }

  /** Redeems now, and returns the response. */
  redeem(request: TokenRequest): Promise<TokenResponse> {
    return this.#keeper.use(async (kept) => {
      const response = await this.#grant(kept, request);
      this.#remember(request, sharedTokenOf(response), true);
      return response;
    });
  }

  #shared(stored: StoredRefreshToken | undefined, request: TokenRequest): SharedAccessToken | undefined {
    const { shareAccessTokens, transport } = this.#settings;
    // An unsaved refresh token is newer than what the store holds.
    const older = this.#keeper.memory.unsaved !== undefined;
    if (!shareAccessTokens || older || request.claims !== undefined) return undefined;
    const newest = this.#newest.get(request.key);
    const handedOut = newest?.isHandedOut ? newest.token : undefined;
    return usableSharedToken(stored, request.key, handedOut, transport.clock.now());
  }

  /**
   * Redeems the candidates, best first. Only a refusal of the refresh token itself leads to the next candidate, which may
   * come from a new sign-in. A replaced refresh token is never redeemed: some servers take that for theft and revoke the
   * grant.
   */
  async #grant(kept: KeptRefreshToken, request: TokenRequest): Promise<TokenResponse> {
    // Loaded on first use: it brings HTTPS and proxies.
    const { redeemRefreshToken } = await import('./refresh-token-grant.js');
    const { memory } = this.#keeper;
    let refusal: EntraAuthError | undefined;
    for await (const candidate of this.#candidates(kept.stored)) {
      let redemption: Redemption;
      try {
        redemption = await redeemRefreshToken(candidate.refreshToken, request, this.#settings);
      } catch (error) {
        if (!needsSignIn(error) || concernsResource(error)) throw error;
        this.#retire(candidate.refreshToken, 'refused');
        refusal ??= error;
        continue;
      }
      this.#redemptions++;
      const replaced = memory.accept(candidate.refreshToken);
      if (replaced !== undefined) this.#retire(replaced, 'replaced');
      return await this.#keep(kept, candidate, redemption, request);
    }
    // A store that could not be read may hold a refresh token.
    throw refusal ?? this.#keeper.problem ?? nothingToRedeem();
  }

  async *#candidates(stored: StoredRefreshToken | undefined): AsyncGenerator<StoredRefreshToken> {
    const candidates = this.#keeper.memory.candidates(stored);
    yield* candidates;
    let initial: string | undefined;
    try {
      initial = await this.#initial.read();
    } catch (error) {
      if (candidates.length === 0) throw error;
      // The refusal of the other refresh tokens is the more helpful error.
      return;
    }
    const known = candidates.some(({ refreshToken }) => refreshToken === initial);
    if (initial === undefined || known) return;
    // Without another candidate it is tried again: the reason of the refusal may have been repaired.
    if (candidates.length > 0 && this.#initial.isJudged(initial)) return;
    yield { refreshToken: initial, obtainedOnTimestamp: this.#settings.transport.clock.now() };
  }

  /** Stores the new refresh token before it judges the rest of the response, except for whose it is. */
  async #keep(
    kept: KeptRefreshToken,
    redeemed: StoredRefreshToken,
    redemption: Redemption,
    request: TokenRequest,
  ): Promise<TokenResponse> {
    const { shareAccessTokens, spa, transport, checkUser, onTokenResponse } = this.#settings;
    const now = transport.clock.now();
    const outcome = outcomeOf(redemption);
    if ('response' in outcome) checkUser?.(outcome.response, redeemed.user);
    const refreshToken = redemption.refreshToken ?? redeemed.refreshToken;
    const replaced = refreshToken !== redeemed.refreshToken;
    const added = shareAccessTokens && 'response' in outcome ? sharedTokenOf(outcome.response) : undefined;
    const accessTokens = withSharedToken(kept.stored?.accessTokens, request.key, added, now);
    if (replaced || added !== undefined || refreshToken !== kept.stored?.refreshToken) {
      await kept.save(
        {
          refreshToken,
          // A refresh token that is not replaced grows older.
          obtainedOnTimestamp: replaced && !spa ? now : redeemed.obtainedOnTimestamp,
          ...(accessTokens !== undefined && { accessTokens }),
          ...(redeemed.user !== undefined && { user: redeemed.user }),
        },
        redeemed,
      );
    }
    if ('failure' in outcome) {
      // A refresh token from a damaged response may be damaged itself.
      if (replaced) this.#keeper.memory.doubt(refreshToken, redeemed);
      throw outcome.failure;
    }
    if (replaced) this.#retire(redeemed.refreshToken, 'replaced');
    tell(onTokenResponse, outcome.response);
    return outcome.response;
  }

  #retire(refreshToken: string, why: 'refused' | 'replaced'): void {
    this.#keeper.memory.retire(refreshToken, why);
    this.#initial.judge(refreshToken);
  }

  #remember({ key }: TokenRequest, token: SharedAccessToken, isHandedOut: boolean): void {
    this.#newest.set(key, { token, isHandedOut });
  }
}

function outcomeOf(redemption: Redemption): { response: TokenResponse } | { failure: unknown } {
  try {
    return { response: redemption.response() };
  } catch (failure) {
    return { failure };
  }
}

/** Calls the listener. Its error becomes a warning and does not withhold the token. */
function tell(listener: RefreshTokenSettings['onTokenResponse'], response: TokenResponse): void {
  const warn = (error: unknown): void => {
    const { accessToken, refreshToken, idToken } = response;
    const secrets = [accessToken, refreshToken, idToken].filter((token) => token !== undefined);
    const { name, message } = errorWithoutSecrets(error, secrets);
    process.emitWarning(`The function "onTokenResponse" failed: ${name}: ${message}`, 'EntraAuthWarning');
  };
  try {
    // An async function is a listener too.
    Promise.resolve(listener?.(response)).catch(warn);
  } catch (error) {
    warn(error);
  }
}

function nothingToRedeem(): ReauthenticationRequiredError {
  return new ReauthenticationRequiredError(
    'There is no refresh token: the store is empty, and the options have none.',
    'Sign in and put the refresh token into the store, or give it as "refreshToken"; it is picked up without a restart.',
  );
}
