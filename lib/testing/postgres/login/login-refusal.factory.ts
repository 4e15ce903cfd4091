import type { StartupMessage } from '../protocol/startup-packet.parser.js';
import { ConnectionRefusal } from '../protocol/backend-message.factory.js';
import type { TokenRefusedReason } from '../../token-refused.error.js';

/**
 * Why a login was refused: what was wrong with the token, or
 *
 * - `no-encryption`: the client did not ask for TLS; it was refused before it could send its token
 * - `unknown-role`: no Entra role has the user name that the client gave
 * - `wrong-principal`: the token is good, but its `oid` is not the role's
 * - `revoked`: the token was revoked by the test, before its expiry
 */
export type LoginRefusalReason =
  TokenRefusedReason | 'no-encryption' | 'unknown-role' | 'wrong-principal' | 'revoked';

const INVALID_PASSWORD = '28P01';
const INVALID_AUTHORIZATION = '28000';
const RESOURCE = 'https://ossrdbms-aad.database.windows.net';

/**
 * What the client is told. The texts follow those that users report of Azure Database for PostgreSQL, which are
 * documented nowhere: an application should match SQLSTATE class 28, never the words.
 */
export function loginRefusal(
  reason: LoginRefusalReason,
  { user, database }: Pick<StartupMessage, 'user' | 'database'>,
  clientAddress: string,
): ConnectionRefusal {
  const invalid = (text: string): ConnectionRefusal => new ConnectionRefusal(INVALID_PASSWORD, text);
  switch (reason) {
    case 'no-encryption':
      return new ConnectionRefusal(
        INVALID_AUTHORIZATION,
        `no pg_hba.conf entry for host "${clientAddress}", user "${user}", database "${database}", no encryption`,
      );
    case 'expired':
      return invalid('The access token has expired. Please acquire a new token and retry.');
    case 'not-yet-valid':
      return invalid('The access token is not yet valid. Please acquire a new token and retry.');
    case 'revoked':
      return invalid('The access token has been revoked. Please acquire a new token and retry.');
    case 'malformed':
      return invalid('The access token has invalid format. Please acquire a new token and retry.');
    case 'signature':
      return invalid(
        'The access token does not have a valid signature. Please acquire a new token and retry.',
      );
    case 'audience':
      return invalid(
        `The access token does not have a valid audience claim. Please acquire a new token for the resource "${RESOURCE}".`,
      );
    case 'tenant':
      return invalid('The access token was issued by another tenant. Please acquire a new token and retry.');
    case 'unknown-role':
    case 'wrong-principal':
      return invalid(`password authentication failed for user "${user}"`);
  }
}
