import { isEntraAuthError, problemOf } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { TokenUnavailableError } from '../engine/token-unavailable.error.js';
import { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import { readClaims } from '../entra/json-web-token.js';
import {
  InvalidClientError,
  needsSignIn,
  ReauthenticationRequiredError,
  TokenRequestFailedError,
} from '../entra/token-endpoint.error.js';
import { validateAccessToken } from '../entra/token-validation.js';
import { processTokenResponse } from '../refresh-token/process-token-response.js';
import {
  refuseBroken,
  refuseFailure,
  tokenEndpointRequest,
  type TokenEndpointClient,
} from '../refresh-token/token-endpoint-request.js';
import { tokenRequest, type TokenRequestSettings } from '../refresh-token/token-request.js';
import type { SignInPlace } from './challenge.js';
import type { UserResource } from './user-resources.js';
import { InvalidAssertionError, UserInteractionRequiredError } from './user-token.error.js';

/** What one exchange is about. */
export interface ExchangeOrder {
  assertion: string;
  /** Tenant to ask, where it is not the configured one. */
  tenantId: string | undefined;
  resource: UserResource;
  claims: string | undefined;
}

export type ExchangeSettings = TokenRequestSettings & TokenEndpointClient & { readonly place: SignInPlace };

// Malformed, expired, or signed for or by someone else: another token of the same user may do.
const assertionCodes: readonly unknown[] = [50013, 50027, 500131, 500133, 7000114];

/**
 * Exchanges a user's token for one of a resource, once.
 *
 * @throws {UserInteractionRequiredError | InvalidAssertionError} when it is up to the user or the user's token
 * @throws {TokenUnavailableError} when it is not
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export async function exchangeAssertion(
  order: ExchangeOrder,
  settings: ExchangeSettings,
): Promise<HeldAccessToken> {
  const { assertion, tenantId, resource, claims } = order;
  const { scopes, enableCae } = resource;
  const request = tokenRequest({ scopes, claims, enableCae, tenantId }, settings);
  const parameters = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    assertion,
  };
  const response = await tokenEndpointRequest({ parameters, secrets: [assertion] }, request, settings);
  refuseFailure(response);
  refuseBroken(response);
  const { receivedAt: now, date } = response;
  const granted = processTokenResponse(parseJsonObject(response.body), now);
  const { accessToken: token, expiresOnTimestamp, refreshAfterTimestamp } = granted;
  const ahead = now - Date.parse(date ?? '');
  const held = validateAccessToken(
    { token, expiresOnTimestamp, refreshAfterTimestamp },
    resource.expectations,
    {
      now,
      clockAheadInMs: Number.isNaN(ahead) ? undefined : ahead,
    },
  );
  checkUser(token, assertion);
  return held;
}

/** An answer for someone else, by whatever stands in between, must not be used. Guests have another `oid` elsewhere. */
function checkUser(token: string, assertion: string): void {
  const answered = readClaims(token);
  const asked = readClaims(assertion);
  if (answered?.oid === undefined || asked?.oid === undefined || answered.oid === asked.oid) return;
  if (answered.tid !== asked.tid) return;
  throw new InvalidTokenError(
    'wrong-user',
    'The token endpoint returned a token of another user.',
    'Check what stands between this machine and the authority host: it mixes up responses.',
  );
}

/** Turns the failure of an exchange into the error that the caller gets. */
export function exchangeErrorOf(error: unknown, resource: string, place: SignInPlace): Error {
  if (!isEntraAuthError(error)) return error as Error;
  if (needsSignIn(error)) {
    const { aadsts, error: oauthError } = error;
    const problem = problemOf(error);
    if (assertionCodes.includes(aadsts))
      return new InvalidAssertionError('refused', problem, { place, aadsts });
    const claims = error instanceof ReauthenticationRequiredError ? error.claims : undefined;
    return new UserInteractionRequiredError(resource, problem, { place, aadsts, claims, oauthError });
  }
  if (error instanceof InvalidClientError && assertionCodes.includes(error.aadsts)) {
    return new InvalidAssertionError('refused', problemOf(error), { place, aadsts: error.aadsts });
  }
  if (error.code === 'ENTRA_SHUT_DOWN' || error.code === 'ENTRA_OPTIONS_INVALID') return error;
  const known =
    error instanceof TokenRequestFailedError || error instanceof InvalidClientError ? error : undefined;
  return new TokenUnavailableError(resource, {
    problem: problemOf(error),
    fix: error.retryable ? 'Try again: the next call asks anew.' : error.fix,
    retryable: error.retryable,
    cause: error,
    ...(known?.aadsts !== undefined && { aadsts: known.aadsts }),
    ...(known?.statusCode !== undefined && { statusCode: known.statusCode }),
    ...(known?.retryAfterInMs !== undefined && { retryAfterInMs: known.retryAfterInMs }),
  });
}
