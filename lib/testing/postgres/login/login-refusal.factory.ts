import type { StartupMessage } from '../protocol/startup-packet.parser.js';
import { ConnectionRefusal } from '../protocol/backend-message.factory.js';
import type { TokenRefusedReason } from '../../token-refused.error.js';

/**
 * Why a login was refused: what was wrong with the token, or
 *
 * - `no-encryption`: the client did not ask for TLS; it was refused before it could send its token
 * - `unknown-role`: no Entra role has the user name that the client gave
 * - `wrong-principal`: the token is good, but its `oid` is not the role's, and not that of a member of the role's group
 * - `token-of-application`: the role is a user's, and the token an application's
 * - `token-of-user`: the role is an application's, and the token a user's
 * - `revoked`: the token was revoked by the test, before its expiry
 */
export type LoginRefusalReason =
  | TokenRefusedReason
  | 'no-encryption'
  | 'unknown-role'
  | 'wrong-principal'
  | 'token-of-application'
  | 'token-of-user'
  | 'revoked';

/** The words of a refusal: those of servers since 2025, or those before. */
export type RefusalTexts = 'current' | 'earlier';

const invalidPassword = '28P01';
const invalidAuthorization = '28000';
const resource = 'https://ossrdbms-aad.database.windows.net';

const neither = 'is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.';

/** Reasons that have words of their own. */
type OfToken = Exclude<LoginRefusalReason, 'no-encryption' | 'unknown-role' | 'wrong-principal'>;

const texts: Record<RefusalTexts, Record<OfToken, (role: string) => string>> = {
  current: {
    ...ofToken("doesn't", (problem) => `The access token ${problem}. Acquire a new token and try again.`),
    audience: () =>
      `The access token doesn't have a valid audience claim. Acquire a new token for resource "${resource}/"`,
    'token-of-application': (role) => `Microsoft Entra user token for role "${role}" ${neither}`,
    'token-of-user': (role) =>
      `Service principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role "${role}"`,
  },
  earlier: {
    ...ofToken('does not', (problem) => `The access token ${problem}. Please acquire a new token and retry.`),
    audience: () =>
      `The access token does not have a valid audience claim. Please acquire a new token for the resource "${resource}".`,
    'token-of-application': (role) => `Azure AD user token for role[${role}] ${neither}`,
    'token-of-user': (role) =>
      `Service Principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role[${role}]`,
  },
};

/**
 * What the client is told. Azure documents no text, so an application should match SQLSTATE class 28, never the words.
 * docs/fidelity.md tells which of them users have quoted.
 */
export function loginRefusal(
  reason: LoginRefusalReason,
  { user, database }: Pick<StartupMessage, 'user' | 'database'>,
  clientAddress: string,
  generation: RefusalTexts = 'current',
): ConnectionRefusal {
  if (reason === 'no-encryption') {
    return new ConnectionRefusal(
      invalidAuthorization,
      `no pg_hba.conf entry for host "${clientAddress}", user "${user}", database "${database}", no encryption`,
    );
  }
  if (reason === 'unknown-role' || reason === 'wrong-principal') {
    return new ConnectionRefusal(invalidPassword, `password authentication failed for user "${user}"`);
  }
  const ofPrincipal = reason === 'token-of-application' || reason === 'token-of-user';
  const sqlState = ofPrincipal ? invalidAuthorization : invalidPassword;
  return new ConnectionRefusal(sqlState, texts[generation][reason](user));
}

/** The texts that differ in their frame alone. */
function ofToken(
  doesNot: string,
  frame: (problem: string) => string,
): Record<'expired' | 'not-yet-valid' | 'revoked' | 'malformed' | 'signature' | 'tenant', () => string> {
  return {
    expired: () => frame('has expired'),
    'not-yet-valid': () => frame('is not yet valid'),
    revoked: () => frame('has been revoked'),
    malformed: () => frame('has invalid format'),
    signature: () => frame(`${doesNot} have a valid signature`),
    tenant: () => frame('was issued by another tenant'),
  };
}
