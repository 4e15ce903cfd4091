import type { AccessTokenClaims } from '../entra/json-web-token.js';

/** The databases of data sources, as TypeORM names them. */
export type DatabaseType = 'postgres' | 'mysql' | 'mssql';

/** One server, complete: everything but the token. */
export interface DatabaseEndpoint {
  host: string;
  port: number;
  /** Absent when the role is to be found in the token, or by the server. */
  username?: string;
  database: string;
}

/** What every data source has after defaults and checks, whatever its database. */
export interface ResolvedDatabase {
  type: DatabaseType;
  /** `default`, or the name under which it was configured. */
  name: string;
  /** The resource whose token is the password. */
  resource: string;
  connectTimeoutInMs: number;
  /** Finds the role in a token, when there is no `username`; absent where logins ask for none. */
  roleNameFromToken?: (claims: AccessTokenClaims) => string | undefined;
  fallbackUsername?: string;
  /** The only server, or the master. */
  primary: DatabaseEndpoint;
  /** Every server, the primary first. */
  endpoints: readonly DatabaseEndpoint[];
  /** What TypeORM is given, but for the driver and the password. */
  typeOrmOptions: Record<string, unknown>;
}
