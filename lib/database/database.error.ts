import type { Timestamp } from '../common/clock.js';
import { EntraAuthError } from '../common/entra-auth.error.js';
import { errorCodes } from '../common/error-codes.js';
import { isError } from '../common/thrown.js';

/** The owner, the times and the size of a token. Free of secrets. */
export interface RefusedToken {
  acquiredAt: Timestamp;
  expiresOnTimestamp: Timestamp;
  sizeInBytes: number;
  principalType: 'user' | 'service';
  /** Object id of its principal. */
  oid?: string;
  /** Application id of its client. */
  appid?: string;
  /** The sign-in name of its user. */
  userName?: string;
  /** Whether its user is a guest of the tenant, whose role is named otherwise than the user signs in. */
  isGuest: boolean;
  /** Whether the role is the one that the token itself names. */
  namesRole: boolean;
}

/** What is known about a refused login. Free of secrets. */
export interface RefusalFacts {
  dataSource: string;
  resource: string;
  /** Absent where the server finds the user by the token alone. */
  role?: string;
  host: string;
  port: number;
  database: string;
  /** The token that was presented. */
  token?: RefusedToken;
  now: Timestamp;
}

/** What is known about a refused login that asked for a role. */
export type RoleRefusalFacts = RefusalFacts & { role: string };

/** A refused login with its reason and its remedy. */
export interface RefusedLogin extends RefusalFacts {
  /** What refused it, for people. */
  server: string;
  /** The server's SQLSTATE, where it has such. */
  sqlState?: string | undefined;
  /** The server's own number of the error, where it has such. */
  errorNumber?: number;
  fix: string;
}

/** A database, or a pooler in front of it, refused a login with an access token. The error of the server is the `cause`. */
export class DatabaseLoginRefusedError extends EntraAuthError {
  override readonly name = 'DatabaseLoginRefusedError';
  /**
   * The server's SQLSTATE: class 28 of PostgreSQL and MySQL, `08P01` of PgBouncer. Absent when the server ended the connection
   * without an error, as PostgreSQL does for a token that is too long.
   */
  readonly sqlState: string | undefined;
  /** The number of the error, of Azure SQL. */
  readonly errorNumber: number | undefined;
  /** The resource whose token was the password. */
  readonly resource: string;
  /** The role that was refused. Absent for Azure SQL, which finds the user by the token alone. */
  readonly role: string | undefined;
  /** The host that was connected to. */
  readonly host: string;
  /** Its port. */
  readonly port: number;

  constructor(login: RefusedLogin, cause: Error) {
    const { server, sqlState, errorNumber, role, fix } = login;
    const of = role === undefined ? '' : ` of the role "${role}"`;
    super('ENTRA_LOGIN_REFUSED', {
      problem:
        `${server} refused the login${of} to "${login.database}" on ` +
        `${login.host}:${login.port} with the access token of the resource "${login.resource}" ` +
        `(${reasonOfRefusal(login, cause)}). ${describeToken(login)}`,
      fix,
      cause,
    });
    this.sqlState = sqlState;
    this.errorNumber = errorNumber;
    this.resource = login.resource;
    this.role = role;
    this.host = login.host;
    this.port = login.port;
  }
}

function reasonOfRefusal({ sqlState, errorNumber }: RefusedLogin, { message }: Error): string {
  if (sqlState !== undefined) return `SQLSTATE ${sqlState}: ${message}`;
  return errorNumber === undefined ? message : `error ${errorNumber}: ${message}`;
}

function describeToken({ token, now }: RefusalFacts): string {
  if (token === undefined) return 'No token was presented.';
  const age = Math.round((now - token.acquiredAt) / 1000);
  const left = Math.round((token.expiresOnTimestamp - now) / 1000);
  return (
    `The token was obtained ${age} s ago and by this machine's clock is valid for another ${left} s. ` +
    `It belongs to ${ownerOf(token)}.`
  );
}

function ownerOf({ principalType, userName, oid, appid }: RefusedToken): string {
  const objectId = oid === undefined ? '' : ` (object id "${oid}")`;
  if (principalType === 'user')
    return userName === undefined ? `a user${objectId}` : `the user "${userName}"${objectId}`;
  return appid === undefined ? `an application${objectId}` : `the application "${appid}"${objectId}`;
}

/** Could not connect to a database. The error of the network or of the driver is the `cause`. */
export class DatabaseUnreachableError extends EntraAuthError {
  override readonly name = 'DatabaseUnreachableError';
  /** The host that was connected to. */
  readonly host: string;
  /** Its port. */
  readonly port: number;

  constructor(host: string, port: number, dataSource: string, cause: Error, database = 'PostgreSQL') {
    super('ENTRA_DATABASE_UNREACHABLE', {
      problem: `Could not connect to ${database} at ${host}:${port} for the data source "${dataSource}": ${reasonOf(cause)}.`,
      fix: errorCodes.ENTRA_DATABASE_UNREACHABLE.remedy,
      retryable: true,
      cause,
    });
    this.host = host;
    this.port = port;
  }
}

function reasonOf(cause: Error): string {
  // Node tries every address of a name; when all fail, only the inner errors have a message.
  const inner: unknown[] = cause instanceof AggregateError ? cause.errors : [];
  const messages = inner.filter((error) => isError(error)).map((error) => error.message);
  return [cause.message, ...messages].filter((message) => message !== '').join('; ') || cause.name;
}

/** A data source has no `username`, and the token does not name the role. */
export class RoleNameUnknownError extends EntraAuthError {
  override readonly name = 'RoleNameUnknownError';
  /** The resource whose token is the password. */
  readonly resource: string;

  constructor(
    dataSource: string,
    resource: string,
    problem: string,
    oid: string | undefined,
    listing: string,
  ) {
    const whose = oid === undefined ? '' : ` of the principal with the object id "${oid}"`;
    super('ENTRA_ROLE_NAME_UNKNOWN', {
      problem: `The database role of the data source "${dataSource}" is not known: ${problem}.`,
      fix:
        `Give it as "username": the name of the role${whose}. An Entra administrator of the server sees all of them ` +
        `with: ${listing}`,
    });
    this.resource = resource;
  }
}
