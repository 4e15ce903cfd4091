import type { Timestamp } from '../../common/clock.js';
import { EntraOptionsError, isEntraAuthError } from '../../common/entra-auth.error.js';
import { isObject, kindOf } from '../../common/option-checks.js';
import { InvalidTokenError, longestTokenLength } from '../../entra/invalid-token.error.js';
import { readClaims } from '../../entra/json-web-token.js';
import { sameTenant } from '../../entra/tenant.js';
import { processTokenResponse } from '../../refresh-token/process-token-response.js';
import type { TokenResponse } from '../../refresh-token/token-response.js';
import type { StoredUser } from '../../store/refresh-token-store.js';

/**
 * The response of a token endpoint to an authorization code or a device code: as it was received (`refresh_token`, as
 * openid-client and oauth4webapi return it), or with names in camel case (`refreshToken`).
 */
export interface SignInResponse {
  refresh_token?: string | undefined;
  access_token?: string | undefined;
  id_token?: string | undefined;
  scope?: string | undefined;
  refreshToken?: string | null | undefined;
  accessToken?: string | null | undefined;
  idToken?: string | null | undefined;
}

/** What is taken from it. */
export interface AdoptedSignIn {
  readonly refreshToken: string;
  readonly user: StoredUser | undefined;
  /** `undefined` without a usable access token. */
  readonly response: TokenResponse | undefined;
  /** The granted scopes; `undefined` when they are not named. */
  readonly scopes: readonly string[] | undefined;
}

const path = 'response';

/**
 * Reads the response of a sign-in. The user is the one of the ID token, or of the access token; neither is verified, since the
 * library that signed in has.
 *
 * @throws {EntraOptionsError} without a refresh token, and for tokens of two users
 */
export function readSignInResponse(given: unknown, now: Timestamp): AdoptedSignIn {
  const fix = 'Give the response of the token endpoint, such as openid-client and oauth4webapi return it.';
  if (!isObject(given)) throw new EntraOptionsError(path, kindOf(given), fix);
  const refreshToken = tokenOf(given, 'refresh_token', 'refreshToken');
  if (refreshToken === undefined) throw withoutRefreshToken(given);
  const accessToken = tokenOf(given, 'access_token', 'accessToken');
  const user = userOfBoth(tokenOf(given, 'id_token', 'idToken'), accessToken);
  return {
    refreshToken,
    user,
    response: accessToken === undefined ? undefined : responseOf(given, accessToken, now),
    scopes: scopesOf(given),
  };
}

/** Reads whose token it is; `undefined` for an opaque one. */
export function userOf(token: string | undefined): StoredUser | undefined {
  const { oid, tid } = (token === undefined ? undefined : readClaims(token)) ?? {};
  if (typeof oid !== 'string' || oid === '') return undefined;
  return { objectId: oid, ...(typeof tid === 'string' && { tenantId: tid }) };
}

/** One response is of one tenant, in which a user has one `oid`. */
function userOfBoth(idToken: string | undefined, accessToken: string | undefined): StoredUser | undefined {
  const [signedIn, served] = [userOf(idToken), userOf(accessToken)];
  if (signedIn === undefined || served === undefined) return signedIn ?? served;
  if (sameId(signedIn.objectId, served.objectId)) return signedIn;
  const fix = 'Give the response as it was received: its ID token and access token must be of the same user.';
  throw new EntraOptionsError(path, 'its tokens are of two users', fix);
}

/** Whether two are known to be different. A guest is another one in each tenant. */
export function isAnotherUser(one: StoredUser | undefined, other: StoredUser | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  if (!sameId(one.objectId, other.objectId)) return true;
  return (
    one.tenantId !== undefined && other.tenantId !== undefined && !sameTenant(one.tenantId, other.tenantId)
  );
}

/** @throws {InvalidTokenError} when a token is of another user than the one who signed in */
export function checkSameUser(signedIn: StoredUser | undefined, answered: StoredUser | undefined): void {
  if (isAnotherUser(signedIn, answered)) throw wrongUser();
}

export function wrongUser(): InvalidTokenError {
  return new InvalidTokenError(
    'wrong-user',
    'The token endpoint returned a token of another user than the one who signed in.',
    'Check that each user has a key of its own, and what stands between this machine and the authority host.',
  );
}

const sameId = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

type Given = Record<string, unknown>;

function tokenOf(given: Given, name: string, camelCase: string): string | undefined {
  const [plain, camel] = [given[name] ?? undefined, given[camelCase] ?? undefined];
  const value = plain ?? camel;
  if (plain !== undefined && camel !== undefined && plain !== camel) {
    throw new EntraOptionsError(`${path}.${name}`, `differs from ${camelCase}`, 'Give one of the two.');
  }
  if (value === undefined) return undefined;
  const fix = 'Give the token as a text, as it was received.';
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value.slice(0, longestTokenLength))) {
    throw new EntraOptionsError(`${path}.${name}`, kindOf(value), fix);
  }
  if (value.length <= longestTokenLength) return value;
  throw new EntraOptionsError(`${path}.${name}`, `longer than ${longestTokenLength} characters`, fix);
}

function withoutRefreshToken(given: Given): EntraOptionsError {
  const fix =
    'account' in given
      ? 'MSAL keeps the refresh token to itself: sign in with openid-client or oauth4webapi, and ask for "offline_access".'
      : 'Ask for the scope "offline_access" at the sign-in.';
  return new EntraOptionsError(`${path}.refresh_token`, 'missing', fix);
}

/** Without a usable access token the refresh token is redeemed when one is wanted. */
function responseOf(given: Given, accessToken: string, now: Timestamp): TokenResponse | undefined {
  const body = {
    token_type: given['token_type'] ?? given['tokenType'] ?? 'Bearer',
    access_token: accessToken,
    expires_in: given['expires_in'] ?? given['expiresIn'],
    refresh_in: given['refresh_in'] ?? given['refreshIn'],
    expires_on: secondsOf(given['expires_on'] ?? given['expires_at'] ?? given['expiresOn']),
  };
  try {
    return processTokenResponse(body, now);
  } catch (error) {
    if (!isEntraAuthError(error)) throw error;
    return undefined;
  }
}

function secondsOf(value: unknown): unknown {
  return value instanceof Date ? Math.floor(value.getTime() / 1000) : value;
}

function scopesOf(given: Given): readonly string[] | undefined {
  const { scope, scopes } = given;
  if (typeof scope === 'string') return scope.split(' ').filter((name) => name !== '');
  if (!Array.isArray(scopes)) return undefined;
  return scopes.filter((name): name is string => typeof name === 'string');
}
