import type { Client } from 'pg';

import type { Timestamp } from '../common/clock.js';
import { InsecureConnectionError, isEntraAuthError } from '../common/entra-auth.error.js';
import { isClass28, isLoginRefusal, sqlStateOf } from '../common/sqlstate.js';
import { authorizationErrorOf } from './client-internals.js';
import { DatabaseLoginRefusedError, DatabaseUnreachableError } from '../database/database.error.js';
import type { LoginAttempt } from '../database/database-logins.js';
import { refusedToken, withoutToken } from '../database/presented-token.js';
import { exceedsPostgres, loginRefusalFix } from './login-refusal-fix.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

/** One physical login of a client of pg. */
export interface PostgresLoginAttempt extends LoginAttempt {
  readonly client: Client;
  ended?: true;
}

const unverifiedFix =
  'Check the host name. For a private certificate authority, give it as "ssl": { ca }, or as "sslrootcert" in the URL.';

/**
 * Gives an error of a login its reason and its remedy; errors that are not about the login pass unchanged.
 */
export function explainLoginError(
  original: Error,
  { client, token }: Pick<PostgresLoginAttempt, 'client' | 'token'>,
  dataSource: ResolvedDataSource,
  now: Timestamp,
): Error {
  if (isEntraAuthError(original)) return original;
  const { host, port } = client;
  const error =
    token === undefined
      ? original
      : withoutToken(original, token.token, ['detail', 'hint', 'where', 'internalQuery']);
  if (token === undefined && isTlsFailure(error, client)) {
    const problem = `The server at ${host}:${port} could not be verified: ${error.message}. No token was sent.`;
    return new InsecureConnectionError(problem, unverifiedFix, error);
  }
  const cutForLength = token !== undefined && exceedsPostgres(Buffer.byteLength(token.token));
  if (sqlStateOf(error) === undefined && !cutForLength)
    return new DatabaseUnreachableError(host, port, dataSource.name, error);
  if (!cutForLength && !isLoginRefusal(error, token !== undefined)) return error;
  return refusedLogin({ client, token }, dataSource, error, now);
}

function refusedLogin(
  { client, token }: Pick<PostgresLoginAttempt, 'client' | 'token'>,
  dataSource: ResolvedDataSource,
  cause: Error,
  now: Timestamp,
): DatabaseLoginRefusedError {
  const role = roleOf(client, dataSource);
  const facts = {
    dataSource: dataSource.name,
    resource: dataSource.resource,
    role,
    host: client.host,
    port: client.port,
    database: client.database ?? dataSource.primary.database,
    now,
    ...refusedToken(token, role, dataSource),
  };
  const sqlState = sqlStateOf(cause);
  const server = sqlState === undefined || isClass28(sqlState) ? 'PostgreSQL' : 'PostgreSQL or its pooler';
  return new DatabaseLoginRefusedError(
    { ...facts, server, sqlState, fix: loginRefusalFix(facts, cause) },
    cause,
  );
}

/** The role that a client logs in as, for people. */
export function roleOf(client: Client, { primary }: ResolvedDataSource): string {
  return client.user ?? primary.username ?? 'unknown';
}

/** Whether the server has no TLS, or the wrong certificate. */
function isTlsFailure(error: Error, client: Client): boolean {
  const code: unknown = Reflect.get(error, 'code');
  if (/does not support SSL/.test(error.message)) return true;
  if (code !== undefined && code === authorizationErrorOf(client)) return true;
  return (
    typeof code === 'string' && /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)
  );
}
