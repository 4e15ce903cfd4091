import type { RefusalFacts } from '../database/database.error.js';
import type { ServerError } from './mssql-attempt.js';

/** "Login failed for user '<token-identified principal>'." */
export const loginFailed = 18456;

/** A refused login, and the name that the token has for its user. */
interface Refusal extends RefusalFacts {
  user?: string;
}

/**
 * Numbers of errors that pass by themselves: the database is moved, resumed, or has too much to do.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
 */
const unavailable: readonly number[] = [
  ...[4221, 10928, 10929, 18401, 40143, 40197, 40501, 40540, 40613, 42108, 42109, 49918, 49919, 49920],
];

export function isUnavailable(number: number): boolean {
  return unavailable.includes(number);
}

/** What to do about a refused login. */
export function fixOfRefusal({ number, message }: ServerError, refusal: Refusal): string {
  switch (number) {
    case 40615:
    case 40914:
    case 47073:
      return networkFix(number);
    case 4060:
      return (
        `Check that the database "${refusal.database}" exists and is spelt as the server spells it. If it does, it may have no ` +
        `user for this principal. ${createUser(refusal)}`
      );
    case 40532:
      return 'Check the host name: the server that answered is not the one that was asked for, or has no such database.';
    default:
      return number === loginFailed ? principalFix(message, refusal) : userFix(refusal);
  }
}

function networkFix(number: number): string {
  if (number === 40615)
    return 'Allow the address in the firewall rules of the server, or connect through a private endpoint.';
  if (number === 40914)
    return 'Allow the subnet in the virtual network rules of the server, or connect through a private endpoint.';
  return 'Public access is off: connect through the private endpoint of the server, or turn public access on.';
}

function principalFix(message: string, refusal: Refusal): string {
  if (/expired/i.test(message))
    return (
      'The server took the token for expired. If it has time left by the clock of this machine, correct that clock. ' +
      'A token that was revoked is replaced at the next refresh.'
    );
  if (/not currently configured to accept/i.test(message))
    return (
      'Check that the server has an Entra administrator, that the token is of the tenant of the server and of its cloud, ' +
      `and that the scope of the resource "${refusal.resource}" is that of Azure SQL, such as ` +
      '"https://database.windows.net/.default".'
    );
  return userFix(refusal);
}

function userFix(refusal: Refusal): string {
  return (
    'Likely causes: the database has no user for this principal; the user was made for a principal of the same name that ' +
    `has been deleted since; the token was revoked, or is for another tenant or another cloud. ${createUser(refusal)}`
  );
}

function createUser({ token, user, database }: Refusal): string {
  if (token?.isGuest) {
    return (
      `An Entra administrator of the server creates the user in "${database}" by the guest's user principal name in the tenant: ` +
      `CREATE USER [${identifier(token.userName ?? 'ada@home.example').replace('@', '_')}#EXT#@<tenant>.onmicrosoft.com] FROM EXTERNAL PROVIDER;`
    );
  }
  const name = user ?? '<display name of the application>';
  return (
    `An Entra administrator of the server creates the user in "${database}" with: ` +
    `CREATE USER [${identifier(name)}] FROM EXTERNAL PROVIDER; and grants it what it needs, such as: ` +
    `ALTER ROLE db_datareader ADD MEMBER [${identifier(name)}];`
  );
}

/** Quotes a name as a delimited identifier. */
function identifier(name: string): string {
  return name.replaceAll(']', ']]');
}
