import { hash } from 'node:crypto';

import type { Timestamp } from '../common/clock.js';
import { readClaims, type AccessTokenClaims } from '../entra/json-web-token.js';
import { shownClaim } from '../entra/shown-claim.js';
import { isTenantGuid } from '../entra/tenant.js';
import { isTenantGroup, type SignInPlace } from './challenge.js';
import type { UserIdentity } from './person.js';
import { InvalidAssertionError, type InvalidAssertionReason } from './user-token.error.js';

/** What a caller's token must satisfy. */
export interface AssertionExpectations {
  readonly audiences: readonly string[];
  readonly tenantId: string;
  readonly allowsTenant: (tenantId: string) => boolean;
  readonly place: SignInPlace;
}

/** The claims of a caller's token that count. */
export interface AssertionClaims {
  readonly endsAt: Timestamp;
  readonly tenantId: string | undefined;
  /** Whose it is; `undefined` for one that does not name its user. */
  readonly user: UserIdentity | undefined;
}

/** Twice what Node.js takes as all headers of a request. */
export const longestAssertion = 32_768;

const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;
// A time beyond cannot be a date.
const latestSeconds = 8.64e12;

/**
 * The key by which the tokens of an assertion are held. Only an assertion that Entra has accepted has an entry, so one that
 * is forged or altered finds none.
 *
 * @throws {InvalidAssertionError} for what is not a string, or too long
 */
export function assertionKey(assertion: unknown, place: SignInPlace): string {
  if (typeof assertion !== 'string' || assertion === '') {
    throw new InvalidAssertionError('missing', 'The caller sent no access token.', { place });
  }
  if (assertion.length > longestAssertion) {
    const problem = `The caller's token has ${assertion.length} characters; the limit is ${longestAssertion}.`;
    throw new InvalidAssertionError('too-long', problem, { place });
  }
  return hash('sha256', assertion, 'binary');
}

/**
 * Reads a caller's token, without checking its signature: Entra does at each exchange.
 *
 * @throws {InvalidAssertionError} for what Entra would refuse
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function readAssertion(
  assertion: string,
  expected: AssertionExpectations,
  now: Timestamp,
): AssertionClaims {
  const { audiences, tenantId, place } = expected;
  const refuse = (reason: InvalidAssertionReason, problem: string): InvalidAssertionError =>
    new InvalidAssertionError(reason, problem, { place });
  const claims = compactJwt.test(assertion) ? readClaims(assertion) : undefined;
  if (claims === undefined) throw refuse('malformed', "The caller's token is not a readable JWT.");
  const { aud, exp, tid } = claims;
  if (typeof exp !== 'number' || !(Math.abs(exp) < latestSeconds)) {
    throw refuse('no-expiry', 'The caller\'s token has no usable "exp".');
  }
  const kind = kindOfToken(claims);
  if (kind === 'id-token') throw refuse(kind, 'The caller sent an ID token instead of an access token.');
  if (kind === 'app-token')
    throw refuse(kind, "The caller's token is one of an application, without a user.");
  if (typeof aud !== 'string' || !audiences.includes(aud)) {
    const given = typeof aud === 'string' ? shownClaim(aud, 100) : 'no audience';
    throw refuse('wrong-audience', `The caller's token is for ${given} instead of "${audiences[0]}".`);
  }
  const tenant = typeof tid === 'string' && isTenantGuid(tid) ? tid : undefined;
  if (tenant !== undefined || isTenantGuid(tenantId) || isTenantGroup(tenantId))
    checkAssertionTenant(tenant, expected);
  const endsAt = exp * 1000;
  if (endsAt <= now) throw expiredAssertion(endsAt, place);
  return { endsAt, tenantId: tenant, user: userOf(claims) };
}

/** @throws {InvalidAssertionError} when a caller's token is of no tenant, or of one that is not allowed */
export function checkAssertionTenant(
  tenant: string | undefined,
  { tenantId, allowsTenant, place }: AssertionExpectations,
): void {
  if (tenant !== undefined && allowsTenant(tenant)) return;
  const expected = isTenantGroup(tenantId) ? 'an allowed one' : `"${tenantId}"`;
  const problem = `The caller's token is of ${tenant ?? 'no tenant'} instead of ${expected}.`;
  throw new InvalidAssertionError('wrong-tenant', problem, { place });
}

/** The user that a caller's token names. */
export function userOfAssertion(assertion: string): UserIdentity | undefined {
  return userOf(readClaims(assertion) ?? {});
}

function userOf({ tid, oid }: AccessTokenClaims): UserIdentity | undefined {
  if (typeof tid !== 'string' || !isTenantGuid(tid) || typeof oid !== 'string') return undefined;
  return { tenantId: tid, objectId: oid };
}

export function expiredAssertion(endsAt: Timestamp, place: SignInPlace): InvalidAssertionError {
  const problem = `The caller's token expired at ${new Date(endsAt).toISOString()}.`;
  return new InvalidAssertionError('expired', problem, { place });
}

/** An ID token names no client that asked for it, and the subject of an application's token is its own object. */
function kindOfToken(claims: AccessTokenClaims): 'id-token' | 'app-token' | 'access-token' {
  const { scp, appid, azp, idtyp, sub, oid } = claims;
  if (scp === undefined && appid === undefined && azp === undefined) return 'id-token';
  if (idtyp === 'app' || (scp === undefined && sub === oid)) return 'app-token';
  return 'access-token';
}
