import { isClass28, isHostRuleRefusal, sqlStateOf } from '../common/sqlstate.js';
import type { RoleRefusalFacts, RefusedToken } from '../database/database.error.js';
import { sqlStates } from './sqlstate-table.js';

/** Longest passwords that servers take, in bytes. PgBouncer has room for no more in its plain authentication. */
const longestOfPgBouncer = 2_047;
const longestOfPostgres = 65_530;

/** Whether a token is too long for PostgreSQL, which then ends the connection without an error. */
export function exceedsPostgres(sizeInBytes: number): boolean {
  return sizeInBytes > longestOfPostgres;
}

/** What to do about a refused login. */
export function loginRefusalFix(login: RoleRefusalFacts, cause: Error): string {
  if (isHostRuleRefusal(cause)) return hostRuleFix;
  const { token } = login;
  if (token !== undefined && exceedsPostgres(token.sizeInBytes))
    return tooLong(token, 'PostgreSQL', longestOfPostgres);
  if (isClass28(sqlStateOf(cause))) return principalFix(login);
  if (token !== undefined && token.sizeInBytes > longestOfPgBouncer) {
    const port = 'Connect to PostgreSQL itself (port 5432) instead of the pooler (6432). Or: ';
    return tooLong(token, 'PgBouncer', longestOfPgBouncer, port);
  }
  const pooler = 'A pooler hides the reason: connect to PostgreSQL itself (port 5432) to see it. ';
  return pooler + principalFix(login);
}

const hostRuleFix =
  'The server refused before it checked the token: check its firewall, its host-based rules and that the connection uses TLS.';

function tooLong({ sizeInBytes }: RefusedToken, server: string, limit: number, first = ''): string {
  return (
    `The token has ${sizeInBytes} bytes, and ${server} takes no more than ${limit} as a password. ${first}` +
    'Reduce the group claims of the token: remove the principal from groups, or let the app registration emit only the ' +
    'groups that are assigned to the application.'
  );
}

function principalFix(login: RoleRefusalFacts): string {
  const { role, token } = login;
  if (token?.principalType !== 'user') return roleFix(login);
  if (token.isGuest && !role.includes('#EXT#')) return guestFix(role, token);
  return token.namesRole || token.isGuest ? roleFix(login) : personFix(login, token);
}

function guestFix(role: string, { userName = 'ada@home.example' }: RefusedToken): string {
  const own = `${userName.replace('@', '_')}#EXT#@`;
  return (
    `The user is a guest of the tenant, and the role of a guest is named like the guest's account there, not "${role}". ` +
    `Set "username" to the user principal name in the tenant, of the form "${own}<tenant>.onmicrosoft.com". ` +
    'If the role is that of a group, check that the guest is a member of it.'
  );
}

/** No SQL: it would bind the role of an application to a person. */
function personFix({ role }: RoleRefusalFacts, { userName }: RefusedToken): string {
  const own = userName === undefined ? '' : `: "${userName}"`;
  return (
    `The role "${role}" does not belong to the user who signed in on this machine. For a developer's own ` +
    `sign-in, leave "username" out: the role is then found in the token${own}. In Azure, use the identity ` +
    'of the application. If the role is that of a group, check that the user is a member of it.'
  );
}

function roleFix({ role, token }: RoleRefusalFacts): string {
  const name = literal(role);
  const create =
    token?.oid === undefined
      ? `select * from pgaadauth_create_principal(${name}, false, false);`
      : `select * from pgaadauth_create_principal_with_oid(${name}, ${literal(token.oid)}, '${token.principalType}', false, false);`;
  const whose = token?.oid === undefined ? '' : ` with the object id "${token.oid}"`;
  return (
    `${sqlStates['28P01'].remedy} ` +
    `Likely causes: the role does not exist; it belongs to another principal than the token${whose}; the token was ` +
    `revoked, or is for another tenant or another cloud. ` +
    `An Entra administrator of the server creates the role with: ${create}`
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
