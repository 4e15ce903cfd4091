import { EntraAuthError } from './entra-auth.error.js';
import { isHostRuleRefusal, sqlStateOf } from './sqlstate.js';

/** What is known about a refused login. Free of secrets. */
export interface RefusedLogin {
  dataSource: string;
  resource: string;
  role: string;
  host: string;
  port: number;
  database: string;
  /** The token that was presented; only its times and whose it is. */
  token?: {
    /** In milliseconds since the Unix epoch, as all times here. */
    acquiredAt: number;
    expiresOnTimestamp: number;
    /** Object id of its principal. */
    oid?: string;
    principalType: 'user' | 'service';
  };
  now: number;
}

/** PostgreSQL refused a login with an access token. The error of the server is the `cause`. */
export class DatabaseLoginRefusedError extends EntraAuthError {
  override readonly name = 'DatabaseLoginRefusedError';
  /** The server's SQLSTATE, class 28. */
  readonly sqlState: string | undefined;
  /** The resource whose token was the password. */
  readonly resource: string;
  /** The role that was refused. */
  readonly role: string;
  readonly host: string;
  readonly port: number;

  constructor(login: RefusedLogin, cause: Error) {
    const sqlState = sqlStateOf(cause);
    super('ENTRA_LOGIN_REFUSED', {
      problem:
        `PostgreSQL refused the login of the role "${login.role}" to "${login.database}" on ` +
        `${login.host}:${login.port} with the access token of the resource "${login.resource}" ` +
        `(SQLSTATE ${sqlState ?? 'unknown'}: ${cause.message}). ${describeToken(login)}`,
      fix: isHostRuleRefusal(cause) ? hostRuleFix : roleFix(login),
      cause,
    });
    this.sqlState = sqlState;
    this.resource = login.resource;
    this.role = login.role;
    this.host = login.host;
    this.port = login.port;
  }
}

const hostRuleFix =
  'The server did not look at the token: check its firewall, its host-based rules and that the connection uses TLS.';

function describeToken({ token, now }: RefusedLogin): string {
  if (token === undefined) return 'No token was presented.';
  const age = Math.round((now - token.acquiredAt) / 1000);
  const left = Math.round((token.expiresOnTimestamp - now) / 1000);
  return `The token was obtained ${age} s ago and by this machine's clock is valid for another ${left} s.`;
}

function roleFix({ role, token }: RefusedLogin): string {
  const name = literal(role);
  const create =
    token?.oid === undefined
      ? `select * from pgaadauth_create_principal(${name}, false, false);`
      : `select * from pgaadauth_create_principal_with_oid(${name}, ${literal(token.oid)}, '${token.principalType}', false, false);`;
  const whose = token?.oid === undefined ? '' : ` with the object id "${token.oid}"`;
  return (
    'Check that the name matches the Entra principal, upper and lower case included, and that the role exists. ' +
    `Likely: there is no role of this name; it belongs to another principal than that of the token${whose}; the ` +
    `token was revoked, or is for another tenant or another cloud. ` +
    `An Entra administrator of the server creates the role with: ${create}`
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
