import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { numberOption } from '../../common/option-checks.js';
import { TokenUnavailableError } from '../../engine/token-unavailable.error.js';
import type { HeldAccessToken } from '../../entra/held-access-token.js';
import { validateAccessToken } from '../../entra/token-validation.js';
import { sharedTokenOf } from '../../refresh-token/shared-access-token.js';
import { tokenRequest } from '../../refresh-token/token-request.js';
import type { TokenResponse } from '../../refresh-token/token-response.js';
import type { SharedAccessToken, StoredUser } from '../../store/refresh-token-store.js';
import { checkSignInKey } from '../../store/sign-ins/sign-in-key.js';
import type { OnBehalfOfGrant } from '../on-behalf-of-grant.js';
import { isTenantGroup } from '../challenge.js';
import { personOf, type UserIdentity } from '../person.js';
import type { UserTokenSettings } from '../resolve-user-options.js';
import type { UserCache } from '../user-cache.js';
import type { UserExchanges } from '../user-exchanges.js';
import type { UserResource } from '../user-resources.js';
import type { UserTokenEventReporter } from '../user-token-event.reporter.js';
import { checkSignInTenant } from '../user-tenant.js';
import { readSignInResponse, userOf, type AdoptedSignIn } from './adopted-response.js';
import { SignInEntry, SignInGrant, signInEntryKey } from './sign-in.grant.js';
import { SignIns, type SignInSettings } from './sign-ins.js';

/** One line of a list of sign-ins. */
export interface SignInSummary {
  readonly userKey: string;
  /** When the refresh token was obtained, which lives for 90 days unless it is redeemed; `null` for a damaged record. */
  readonly obtainedOn: Date | null;
}

/** Which sign-ins to list. */
export interface SignInListOptions {
  /** How many at the most, up to 1,000. @default 100 */
  limit?: number | undefined;
  /** The last key of the page before. @default the list begins */
  after?: string | undefined;
}

export interface UserSignInParts {
  cache: UserCache;
  exchanges: UserExchanges;
  events: UserTokenEventReporter;
}

/** The tokens of users whose sign-in is stored. */
export class UserSignIns {
  readonly #settings: UserTokenSettings;
  readonly #cache: UserCache;
  readonly #exchanges: UserExchanges;
  readonly #signIns: SignIns;
  /** Sign-ins that are being stored. */
  readonly #storing = new Set<{ readonly key: string; isForgotten: boolean }>();

  constructor(settings: UserTokenSettings, signIns: SignInSettings, parts: UserSignInParts) {
    const { cache, exchanges, events } = parts;
    this.#settings = settings;
    this.#cache = cache;
    this.#exchanges = exchanges;
    this.#signIns = new SignIns(
      { ...signIns, allowsTenant: settings.allowsTenant },
      exchanges.redemptionWire,
      events,
    );
  }

  get counts(): { refused: number; unsaved: number } {
    return { refused: this.#signIns.refused, unsaved: this.#signIns.unsaved };
  }

  grantOf(userKey: unknown): SignInGrant {
    checkSignInKey('userKey', userKey);
    const known = this.#cache.get(signInEntryKey(userKey));
    const entry = known instanceof SignInEntry ? known : new SignInEntry(userKey);
    return this.grantFor(entry);
  }

  grantFor(entry: SignInEntry): SignInGrant {
    return new SignInGrant(this.#signIns, entry);
  }

  async adopt(userKey: unknown, given: unknown): Promise<void> {
    checkSignInKey('userKey', userKey);
    const adopted = readSignInResponse(given, this.#settings.clock.now());
    checkSignInTenant(adopted.user?.tenantId, this.#settings.allowsTenant);
    const usable = this.#usableFor(adopted.response, adopted.scopes);
    await this.#store(userKey, adopted, usable);
  }

  /** Exchanges an assertion for a refresh token too, and stores that. */
  async beginSession(sessionKey: unknown, grant: OnBehalfOfGrant, resource: UserResource): Promise<void> {
    checkSignInKey('sessionKey', sessionKey);
    grant.checkTenant(this.#settings);
    const order = this.#exchanges.orderOf(grant.entry, resource);
    try {
      const { token, response } = await this.#exchanges.send(grant, order, () =>
        grant.requestOffline(order, this.#exchanges.wire),
      );
      const { refreshToken } = response;
      if (refreshToken === undefined) throw withoutRefreshToken(resource.name);
      const usable = new Map([[resource, token]]);
      const adopted = { refreshToken, user: userOf(token.token), response, scopes: undefined };
      await this.#store(sessionKey, adopted, usable);
    } catch (error) {
      if (isEntraAuthError(error) && error.code.startsWith('ENTRA_REFRESH_TOKEN_')) throw error;
      throw this.#exchanges.failureOf(grant, resource, error);
    }
  }

  async forget(userKey: unknown): Promise<boolean> {
    checkSignInKey('userKey', userKey);
    const drop = (): void => {
      this.#exchanges.abandon(signInEntryKey(userKey));
      for (const storing of this.#storing) if (storing.key === userKey) storing.isForgotten = true;
      const entry = this.#cache.get(signInEntryKey(userKey));
      if (entry !== undefined) this.#cache.delete(entry);
    };
    drop();
    const wasStored = await this.#signIns.forget(userKey);
    drop();
    return wasStored;
  }

  /** Deletes every sign-in and session of a person. */
  async forgetAllOf(user: UserIdentity): Promise<{ forgotten: number; unknown: number }> {
    const { userKeys, unknown } = await this.#signIns.find(user);
    let forgotten = 0;
    for (const key of userKeys) if (await this.forget(key)) forgotten++;
    return { forgotten, unknown };
  }

  async list({ limit, after }: SignInListOptions = {}): Promise<readonly SignInSummary[]> {
    const most = numberOption('limit', limit, 100, { min: 1, max: 1_000, unit: 'a number of sign-ins' });
    if (after !== undefined) checkSignInKey('after', after);
    const lines = await this.#signIns.list({ limit: Math.floor(most), after });
    return lines.map(({ key, obtainedOnTimestamp: obtained }) => ({
      userKey: key,
      obtainedOn: obtained === undefined ? null : new Date(obtained),
    }));
  }

  close(): Promise<void> {
    return this.#signIns.close();
  }

  /** The resources whose scopes were granted, with the access token. */
  #usableFor(
    response: TokenResponse | undefined,
    scopes: readonly string[] | undefined,
  ): Map<UserResource, HeldAccessToken> {
    const usable = new Map<UserResource, HeldAccessToken>();
    if (response === undefined || scopes === undefined) return usable;
    const granted = new Set(scopes.map(shortScope));
    const {
      accessToken: token,
      expiresOnTimestamp,
      refreshAfterTimestamp,
      receivedOnTimestamp: now,
    } = response;
    for (const resource of this.#settings.resources.values()) {
      if (!resource.scopes.every((scope) => granted.has(shortScope(scope)))) continue;
      try {
        const value = { token, expiresOnTimestamp, refreshAfterTimestamp };
        usable.set(resource, validateAccessToken(value, resource.expectations, { now }));
      } catch (error) {
        // It is for something else: the refresh token is redeemed instead.
        if (!isEntraAuthError(error)) throw error;
      }
    }
    return usable;
  }

  /** Stores a sign-in, and holds its access token unless it was forgotten meanwhile. */
  async #store(
    key: string,
    adopted: AdoptedSignIn,
    usable: ReadonlyMap<UserResource, HeldAccessToken>,
  ): Promise<void> {
    const storing = { key, isForgotten: false };
    this.#storing.add(storing);
    try {
      await this.#signIns.adopt(key, adopted, this.#shared(usable, adopted));
      if (!storing.isForgotten) this.#hold(key, usable, adopted.user);
    } finally {
      this.#storing.delete(storing);
    }
  }

  #shared(
    usable: ReadonlyMap<UserResource, HeldAccessToken>,
    { response, user }: AdoptedSignIn,
  ): Record<string, SharedAccessToken> | undefined {
    if (response === undefined || usable.size === 0) return undefined;
    const { wire } = this.#exchanges;
    const shared = sharedTokenOf(response);
    const tenantId = this.#ownTenantOf(user);
    const keys = [...usable.keys()].map(
      ({ scopes, enableCae }) => tokenRequest({ scopes, enableCae, tenantId }, wire).key,
    );
    return Object.fromEntries(keys.map((key) => [key, shared]));
  }

  /** The tenant that requests for a user go to, where each user has one. */
  #ownTenantOf(user: StoredUser | undefined): string | undefined {
    return isTenantGroup(this.#settings.tenantId) ? user?.tenantId : undefined;
  }

  #hold(
    userKey: string,
    usable: ReadonlyMap<UserResource, HeldAccessToken>,
    user: StoredUser | undefined,
  ): void {
    const { entry } = this.grantOf(userKey);
    const person = personOf(user);
    // Without a name it may be of anybody.
    if (person === undefined) entry.clear();
    entry.belongTo(person);
    entry.tenantId = this.#ownTenantOf(user);
    for (const slot of entry.slots()) slot.refusal = undefined;
    this.#exchanges.keep(entry);
    for (const [resource, token] of usable) {
      // Replaces whatever is held.
      entry.slotOf(resource).token = undefined;
      this.#exchanges.hold(entry, this.#exchanges.orderOf(entry, resource), token);
    }
  }
}

/** Graph's own scopes are named with and without the API. */
function shortScope(scope: string): string {
  return scope.replace(/^https:\/\/graph\.microsoft\.com\//i, '').toLowerCase();
}

function withoutRefreshToken(resource: string): TokenUnavailableError {
  return new TokenUnavailableError(resource, {
    problem: 'Entra returned no refresh token for the session.',
    fix: 'Give the application the delegated permission "offline_access", and consent.',
    retryable: false,
  });
}
