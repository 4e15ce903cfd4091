import type { Client } from 'pg';

import type { Timestamp } from '../common/clock.js';
import { InsecureConnectionError, isEntraAuthError } from '../common/entra-auth.error.js';
import { isLoginRefusal, sqlStateOf } from '../common/sqlstate.js';
import { HeldAccessToken } from '../entra/held-access-token.js';
import { readClaims } from '../entra/json-web-token.js';
import type { AccessToken } from '../entra/token-credential.js';
import { authorizationErrorOf } from './client-internals.js';
import {
  DatabaseLoginRefusedError,
  DatabaseUnreachableError,
  type RefusedLogin,
  type RefusedToken,
} from './database.error.js';
import { exceedsPostgres } from './login-refusal-fix.js';
import { isGuest, principalTypeOf, userNameOf } from './principal-type.js';
import type { ResolvedDataSource } from './resolve-data-source.js';
import { roleNamedBy } from './role-name.resolver.js';

/** One physical login, from the first byte to the server's answer. */
export interface LoginAttempt {
  readonly client: Client;
  readonly startedAt: Timestamp;
  /** What was presented to the server. */
  token?: AccessToken;
  ended?: true;
}

const unverifiedFix =
  'Check the host name. For a private certificate authority, give it as "ssl": { ca }, or as "sslrootcert" in the URL.';

/**
 * Gives an error of a login its reason and its remedy; errors that are not about the login pass unchanged.
 */
export function explainLoginError(
  original: Error,
  { client, token }: Pick<LoginAttempt, 'client' | 'token'>,
  dataSource: ResolvedDataSource,
  now: Timestamp,
): Error {
  if (isEntraAuthError(original)) return original;
  const { host, port } = client;
  const error = token === undefined ? original : withoutToken(original, token.token);
  if (token === undefined && isTlsFailure(error, client)) {
    const problem = `The server at ${host}:${port} could not be verified: ${error.message}. No token was sent.`;
    return new InsecureConnectionError(problem, unverifiedFix, error);
  }
  const cutForLength = token !== undefined && exceedsPostgres(Buffer.byteLength(token.token));
  if (sqlStateOf(error) === undefined && !cutForLength)
    return new DatabaseUnreachableError(host, port, dataSource.name, error);
  if (!cutForLength && !isLoginRefusal(error, token !== undefined)) return error;
  return new DatabaseLoginRefusedError(refusedLogin(client, token, dataSource, now), error);
}

function refusedLogin(
  client: Client,
  token: AccessToken | undefined,
  dataSource: ResolvedDataSource,
  now: number,
): RefusedLogin {
  const role = roleOf(client, dataSource);
  return {
    dataSource: dataSource.name,
    resource: dataSource.resource,
    role,
    host: client.host,
    port: client.port,
    database: client.database ?? dataSource.primary.database,
    now,
    ...describe(token, role, dataSource),
  };
}

/** The role that a client logs in as, for people. */
export function roleOf(client: Client, { primary }: ResolvedDataSource): string {
  return client.user ?? primary.username ?? 'unknown';
}

function describe(
  token: AccessToken | undefined,
  role: string,
  { roleNameFromToken }: ResolvedDataSource,
): { token?: RefusedToken } {
  if (!(token instanceof HeldAccessToken)) return {};
  const { acquiredAt, expiresOnTimestamp } = token;
  const claims = readClaims(token.token) ?? {};
  const userName = userNameOf(claims);
  const named = [userName, roleNamedBy(roleNameFromToken, claims)[0]];
  return {
    token: {
      acquiredAt,
      expiresOnTimestamp,
      sizeInBytes: Buffer.byteLength(token.token),
      principalType: principalTypeOf(claims),
      isGuest: isGuest(claims),
      namesRole: named.some((name) => name?.toLowerCase() === role.toLowerCase()),
      ...(typeof claims.oid === 'string' ? { oid: claims.oid } : {}),
      ...(typeof claims.appid === 'string' ? { appid: claims.appid } : {}),
      ...(userName === undefined ? {} : { userName }),
    },
  };
}

/** Removes the token from the texts of an error: a server may repeat what it was sent. */
function withoutToken(error: Error, token: string): Error {
  for (const key of ['message', 'stack', 'detail', 'hint', 'where', 'internalQuery']) {
    const text: unknown = Reflect.get(error, key);
    if (typeof text === 'string' && text.includes(token))
      Reflect.set(error, key, text.replaceAll(token, '[redacted token]'));
  }
  return error;
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
