import type { Timestamp } from '../common/clock.js';
import { InsecureConnectionError, isEntraAuthError } from '../common/entra-auth.error.js';
import { isClass28 } from '../common/sqlstate.js';
import { isError } from '../common/thrown.js';
import {
  DatabaseLoginRefusedError,
  DatabaseUnreachableError,
  type RoleRefusalFacts,
} from '../database/database.error.js';
import { refusedToken, withoutToken } from '../database/presented-token.js';
import type { AccessToken } from '../entra/token-credential.js';
import type { ResolvedMySqlDataSource } from './resolve-mysql-data-source.js';

const tlsFix =
  'Check the host name, and that the server offers TLS. For a private certificate authority, give it as "ssl": { ca }.';

// The socket broke during the handshake of TLS, which proves nothing about the certificate.
const brokenSocket = /socket disconnected|ECONNRESET|EPIPE|ETIMEDOUT/;

/** Gives an error of a login its reason and its remedy; errors that are not about the login pass unchanged. */
export function explainMySqlError(
  original: Error,
  token: AccessToken | undefined,
  dataSource: ResolvedMySqlDataSource,
  now: Timestamp,
): Error {
  if (isEntraAuthError(original)) return original;
  // What the plug-in threw; mysql2 writes a code of its own into a copy.
  if (codeOf(original) === 'AUTH_SWITCH_PLUGIN_ERROR' && isError(original.cause)) return original.cause;
  const error = token === undefined ? original : withoutToken(original, token.token, ['sqlMessage']);
  const { host, port } = dataSource.primary;
  if (isTlsFailure(error, token)) {
    const problem = `The server at ${host}:${port} could not be verified: ${error.message}. No token was sent.`;
    return new InsecureConnectionError(problem, tlsFix, error);
  }
  const sqlState = sqlStateOf(error);
  if (isClass28(sqlState) || asksForOtherLogin(error)) {
    const facts = factsOf(token, dataSource, now);
    return new DatabaseLoginRefusedError({ ...facts, server: 'MySQL', sqlState, fix: fixOf(facts) }, error);
  }
  // Without a code it is about the pool, such as "Pool is closed."
  if (sqlState !== undefined || codeOf(error) === undefined) return error;
  return new DatabaseUnreachableError(host, port, dataSource.name, error, 'MySQL');
}

function codeOf(error: Error): string | undefined {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** The SQLSTATE of an error that the server reported; those of the network have none. */
function sqlStateOf(error: Error): string | undefined {
  const sqlState: unknown = Reflect.get(error, 'sqlState');
  return typeof sqlState === 'string' && 'sqlMessage' in error ? sqlState : undefined;
}

function isTlsFailure(error: Error, token: AccessToken | undefined): boolean {
  const code = codeOf(error);
  if (token !== undefined || code === undefined) return false;
  return (
    code === 'HANDSHAKE_NO_SSL_SUPPORT' ||
    (code === 'HANDSHAKE_SSL_ERROR' && !brokenSocket.test(error.message))
  );
}

/** A user that was not created for Entra has another plug-in. */
function asksForOtherLogin(error: Error): boolean {
  return codeOf(error) === 'AUTH_SWITCH_PLUGIN_ERROR' && /unknown plugin/.test(error.message);
}

function factsOf(
  token: AccessToken | undefined,
  dataSource: ResolvedMySqlDataSource,
  now: Timestamp,
): RoleRefusalFacts {
  const { name, resource, primary } = dataSource;
  const { host, port, database, username: role = 'unknown' } = primary;
  return {
    dataSource: name,
    resource,
    role,
    host,
    port,
    database,
    now,
    ...refusedToken(token, role, dataSource),
  };
}

function fixOf({ role, token }: RoleRefusalFacts): string {
  if (token?.principalType === 'user' && !token.namesRole && !token.isGuest) {
    const own = token.userName === undefined ? '' : `: "${token.userName}"`;
    return (
      `The user "${role}" does not belong to the person who signed in on this machine. For a developer's own sign-in, ` +
      `leave "username" out: the user is then found in the token${own}. In Azure, use the identity of the application. ` +
      'If the user is that of a group, check that the person is a member of it.'
    );
  }
  const byId = token?.principalType === 'service' && token.appid !== undefined;
  const create = `CREATE AADUSER ${literal(role)}${byId ? ` IDENTIFIED BY ${literal(token.appid ?? '')}` : ''};`;
  const asked =
    token === undefined ? 'the server did not ask for a token, since the user is not one of Entra; ' : '';
  return (
    'Check that the name matches the Entra principal, upper and lower case included. Likely causes: ' +
    `${asked}the user does not exist; it belongs to another principal; the token was revoked, or is for another tenant or ` +
    `another cloud. An Entra administrator of the server creates the user with: ${create}`
  );
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
