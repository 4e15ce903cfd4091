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
  /** The token that was presented; only its times and its object id. */
  token?: { acquiredAt: number; expiresOnTimestamp: number; oid?: string };
  now: number;
}

/** PostgreSQL refused a login with an access token. The error of the server is the `cause`. */
export class DatabaseLoginRefusedError extends EntraAuthError {
  override readonly name = 'DatabaseLoginRefusedError';
  /** The server's SQLSTATE, class 28. */
  readonly sqlState: string | undefined;
  readonly resource: string;
  readonly role: string;

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
      : `select * from pgaadauth_create_principal_with_oid(${name}, ${literal(token.oid)}, 'service', false, false);`;
  return (
    'Check that the name matches the Entra principal, upper and lower case included, and that the role exists. ' +
    `An Entra administrator of the server creates it with: ${create}`
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
