import { problemOf } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { resourceCodes } from '../entra/aadsts.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import { readClaims } from '../entra/json-web-token.js';
import { InvalidClientError, needsSignIn } from '../entra/token-endpoint.error.js';
import { validateAccessToken } from '../entra/token-validation.js';
import { processTokenResponse } from '../refresh-token/process-token-response.js';
import {
  refuseBroken,
  refuseFailure,
  tokenEndpointRequest,
} from '../refresh-token/token-endpoint-request.js';
import { tokenRequest } from '../refresh-token/token-request.js';
import type { TokenResponse } from '../refresh-token/token-response.js';
import { assertionCodes } from './assertion-codes.js';
import { checkAssertionTenant, userOfAssertion, type AssertionExpectations } from './assertion.js';
import type { SignInPlace } from './challenge.js';
import { personKey, type UserIdentity } from './person.js';
import { requestErrorOf } from './request-error.js';
import type { UserEntry } from './user-entry.js';
import type { UserGrant, UserRequestSettings, UserTokenOrder } from './user-grant.js';
import { InvalidAssertionError, type UserInteractionRequiredError } from './user-token.error.js';

/**
 * Obtains tokens by the token that a user called with.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export class OnBehalfOfGrant implements UserGrant {
  readonly #assertion: string;
  entry: UserEntry;
  readonly kind = 'on-behalf-of';
  readonly #user: UserIdentity | undefined;

  /** @param user whom the assertion names, where that has been read */
  constructor(assertion: string, entry: UserEntry, user?: UserIdentity) {
    this.#assertion = assertion;
    this.entry = entry;
    this.#user = user;
  }

  get usesStore(): boolean {
    return false;
  }

  /** The hash of the assertion. */
  get userKey(): string {
    return Buffer.from(this.entry.key, 'binary').toString('base64url');
  }

  /** Of the exact assertion, as in memory. */
  get sharedKey(): string {
    return this.entry.key;
  }

  /** Learned when it is needed: a burst of first calls does not wait for so many hashes. */
  person(): string | undefined {
    const { entry } = this;
    if (entry.person !== undefined) return entry.person;
    const user = this.#user ?? userOfAssertion(this.#assertion);
    if (user !== undefined) entry.person = personKey(user);
    return entry.person;
  }

  async request(order: UserTokenOrder, settings: UserRequestSettings): Promise<HeldAccessToken> {
    return (await exchangeAssertion(this.#assertion, order, settings)).token;
  }

  /** Requests a refresh token too, with which the user's tokens go on after the assertion has ended. */
  requestOffline(order: UserTokenOrder, settings: UserRequestSettings): Promise<AssertionExchange> {
    return exchangeAssertion(this.#assertion, order, { ...settings, offlineAccess: true });
  }

  checkTenant(expected: AssertionExpectations): void {
    const { tenantId } = this.entry;
    if (tenantId !== undefined) checkAssertionTenant(tenantId, expected);
  }

  errorOf(error: unknown, resource: string, place: SignInPlace): Error {
    return exchangeErrorOf(error, resource, place);
  }

  /** Entra sends these once it has accepted the assertion. */
  isProvenBy({ aadsts }: UserInteractionRequiredError): boolean {
    return resourceCodes.has(aadsts);
  }
}

/** What an exchange has brought. */
export interface AssertionExchange {
  readonly token: HeldAccessToken;
  readonly response: TokenResponse;
}

async function exchangeAssertion(
  assertion: string,
  { tenantId, resource, claims }: UserTokenOrder,
  settings: UserRequestSettings,
): Promise<AssertionExchange> {
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
  return { token: held, response: granted };
}

/** An answer for someone else, by whatever stands in between, must not be used. An exchange stays in the tenant of the assertion. */
function checkUser(token: string, assertion: string): void {
  const answered = readClaims(token);
  const asked = readClaims(assertion);
  const isSame = (name: 'oid' | 'tid'): boolean =>
    answered?.[name] === undefined || asked?.[name] === undefined || answered[name] === asked[name];
  if (isSame('oid') && isSame('tid')) return;
  throw new InvalidTokenError(
    'wrong-user',
    'The token endpoint returned a token of another user.',
    'Check what stands between this machine and the authority host: it mixes up responses.',
  );
}

function exchangeErrorOf(error: unknown, resource: string, place: SignInPlace): Error {
  const refused = needsSignIn(error) || error instanceof InvalidClientError ? error : undefined;
  if (refused !== undefined && assertionCodes.includes(refused.aadsts)) {
    return new InvalidAssertionError('refused', problemOf(refused), { place, aadsts: refused.aadsts });
  }
  return requestErrorOf(error, resource, place);
}
