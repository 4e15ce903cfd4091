import { isEntraAuthError, type EntraAuthError } from '../../common/entra-auth.error.js';
import { concernsResource, needsSignIn } from '../../entra/token-endpoint.error.js';
import { RefreshTokenKeeper } from '../../refresh-token/refresh-token.keeper.js';
import { RefreshTokenRedeemer } from '../../refresh-token/refresh-token.redeemer.js';
import type { RefreshTokenSettings } from '../../refresh-token/refresh-token.settings.js';
import { tokenRequest } from '../../refresh-token/token-request.js';
import type { SharedAccessToken, StoredUser } from '../../store/refresh-token-store.js';
import type { UserTokenOrder } from '../user-grant.js';
import { AttentiveStore, NoSignInError, type Refusal } from './attentive-store.js';

/** Redeems the refresh token of one user, and stores each successor, as `RefreshTokenCredential` does. */
export class SignInSession {
  readonly #settings: RefreshTokenSettings;
  readonly #store: AttentiveStore;
  readonly #keeper: RefreshTokenKeeper;
  readonly #redeemer: RefreshTokenRedeemer;
  /** The last redemption: two at once could redeem the same refresh token. */
  #last: Promise<unknown> = Promise.resolve();
  #working = 0;
  #isReported = false;

  constructor(settings: RefreshTokenSettings, refusal: Refusal | undefined) {
    this.#store = new AttentiveStore(settings.store, () => (this.#keeper.memory.unsaved = undefined));
    this.#store.refusal = refusal;
    this.#settings = { ...settings, store: this.#store };
    this.#keeper = new RefreshTokenKeeper(this.#settings);
    this.#redeemer = new RefreshTokenRedeemer(this.#settings, this.#keeper);
  }

  /** Whose sign-in it is, as last loaded. */
  get user(): StoredUser | undefined {
    return this.#store.user;
  }

  /** The last refusal of the refresh token, while no other one is known. */
  get refusal(): Refusal | undefined {
    return this.#store.refusal;
  }

  /** Whether a new refresh token waits in memory to be stored. */
  get isUnsaved(): boolean {
    return this.#keeper.memory.unsaved !== undefined;
  }

  /** The last failure of the store; `undefined` after a success. */
  get problem(): EntraAuthError | undefined {
    return this.#keeper.problem;
  }

  /** Why a new refresh token could not be stored; `undefined` when that was told before. */
  takeUnsaved(): EntraAuthError | undefined {
    const wasReported = this.#isReported;
    this.#isReported = this.isUnsaved;
    return this.isUnsaved && !wasReported ? this.problem : undefined;
  }

  get isIdle(): boolean {
    return this.#working === 0 && !this.isUnsaved;
  }

  /** A token that another replica has stored, or a new one. */
  obtain({ resource, claims, tenantId, replaces }: UserTokenOrder): Promise<SharedAccessToken> {
    const { scopes, enableCae } = resource;
    const request = tokenRequest({ scopes, claims, enableCae, tenantId }, this.#settings);
    return this.#inTurn(async () => {
      if (replaces !== undefined) {
        const { token, acquiredAt, expiresOnTimestamp } = replaces;
        const handedOut = { token, acquiredOnTimestamp: acquiredAt, expiresOnTimestamp };
        this.#redeemer.handOut(request, handedOut);
      }
      try {
        return await this.#redeemer.obtain(request);
      } catch (error) {
        const isOfToken = isEntraAuthError(error) && needsSignIn(error) && !concernsResource(error);
        if (isOfToken && !(error instanceof NoSignInError)) this.#store.refuse(error);
        throw error;
      }
    });
  }

  /** Retries once to store what is unsaved. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#keeper.flush());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    const done = this.#last.then(work).finally(() => this.#working--);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
