import type { Timestamp } from '../common/clock.js';
import { EntraOptionsError, InsecureConnectionError, isEntraAuthError } from '../common/entra-auth.error.js';
import { isError } from '../common/thrown.js';
import { DatabaseLoginRefusedError, DatabaseUnreachableError } from '../database/database.error.js';
import { refusedToken, withoutToken } from '../database/presented-token.js';
import { roleNameFromToken } from '../database/role-name.js';
import { readClaims } from '../entra/json-web-token.js';
import type { AccessToken } from '../entra/token-credential.js';
import { tlsFix } from './connection-guard.js';
import type { MsSqlAttempt, ServerError } from './mssql-attempt.js';
import type { ResolvedMsSqlDataSource } from './resolve-mssql-data-source.js';
import { fixOfRefusal, isUnavailable, loginFailed } from './server-errors.js';

// The socket broke during the handshake of TLS, which proves nothing about the certificate.
const brokenSocket = /socket disconnected|socket hang up|ECONNRESET|EPIPE|ETIMEDOUT|end of message stream/;

/** Gives an error of a login its reason and its remedy; errors that are not about the login pass unchanged. */
export function explainMsSqlError(
  original: Error,
  { token, failure, stage, errors }: Pick<MsSqlAttempt, 'token' | 'failure' | 'stage' | 'errors'>,
  dataSource: ResolvedMsSqlDataSource,
  now: Timestamp,
): Error {
  if (failure !== undefined) return failure;
  const cause = innermost(original);
  if (isEntraAuthError(cause)) return cause;
  const unfit = unfitDriver(cause);
  if (unfit !== undefined) return unfit;
  const { host, port } = dataSource.primary;
  const answer = decisive(errors);
  if (answer !== undefined) return answered(answer, token, dataSource, now);
  if (isTlsFailure(cause, stage)) {
    const problem = `The server at ${host}:${port} could not be verified: ${cause.message}. No token was sent.`;
    return new InsecureConnectionError(problem, tlsFix, cause);
  }
  return new DatabaseUnreachableError(host, port, dataSource.name, redacted(cause, token), 'Azure SQL');
}

/** Whether another token might have changed the outcome. */
export function mayBeToken(explained: Error | undefined): boolean {
  return explained instanceof DatabaseLoginRefusedError && explained.errorNumber === loginFailed;
}

function answered(
  answer: ServerError,
  token: AccessToken | undefined,
  dataSource: ResolvedMsSqlDataSource,
  now: Timestamp,
): Error {
  const { name, resource, primary } = dataSource;
  const { number, state } = answer;
  const cause = redacted(Object.assign(new Error(answer.message), { number, state }), token);
  if (isUnavailable(number))
    return new DatabaseUnreachableError(primary.host, primary.port, name, cause, 'Azure SQL');
  const facts = {
    dataSource: name,
    resource,
    ...primary,
    now,
    ...refusedToken(token, undefined, dataSource),
  };
  const user = token && roleNameFromToken(readClaims(token.token) ?? {});
  const fix = fixOfRefusal(answer, { ...facts, ...(user === undefined ? {} : { user }) });
  return new DatabaseLoginRefusedError({ ...facts, server: 'Azure SQL', errorNumber: number, fix }, cause);
}

/** The server often sends a reason first, and then that the login failed. `tedious` keeps the last alone. */
function decisive(errors: readonly ServerError[]): ServerError | undefined {
  return errors.find(({ number }) => number !== loginFailed) ?? errors.at(-1);
}

/** The error of `tedious`, which `mssql` wraps. */
function innermost(error: Error): Error {
  const inner: unknown = Reflect.get(error, 'originalError');
  return isError(inner) ? inner : error;
}

/** `tedious` fails in this stage before a token is asked for. */
function isTlsFailure(error: Error, stage: MsSqlAttempt['stage']): boolean {
  const code: unknown = Reflect.get(error, 'code');
  if (stage !== 'connected') return false;
  return code === 'EENCRYPT' || (code === 'ESOCKET' && !brokenSocket.test(error.message));
}

function redacted(error: Error, token: AccessToken | undefined): Error {
  return token === undefined ? error : withoutToken(error, token.token, []);
}

/** Tells a `tedious` that cannot ask for a token, and one that wants a later Node.js, which npm installs all the same. */
function unfitDriver({ message }: Error): EntraOptionsError | undefined {
  if (/^The "type" property must one of/.test(message)) {
    const fix = 'Update "mssql" to 12, or "tedious" to 18.3 at least: `npm update mssql tedious`.';
    return new EntraOptionsError('dataSource', 'the "tedious" of "mssql" is too old to ask for a token', fix);
  }
  if (!message.includes('Promise.withResolvers is not a function')) return undefined;
  const fix = 'Run it on Node.js 22, or `npm install tedious@19`.';
  return new EntraOptionsError('dataSource', 'the "tedious" of "mssql" needs Node.js 22', fix);
}
