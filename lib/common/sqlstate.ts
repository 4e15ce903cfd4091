import { isError } from './thrown.js';

/** The SQLSTATE of a PostgreSQL error, if it is one. */
export function sqlStateOf(error: unknown): string | undefined {
  // Codes of the operating system, such as EPIPE, can look the same.
  if (!isError(error) || 'syscall' in error) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

// What a server refuses a login for that no other token changes: parameters, a read-only server, the database, its
// privileges, resources, limits, a start or a stop, files, the configuration.
const otherClasses = ['0A', '22', '25', '3D', '3F', '42', '53', '54', '55', '57', '58', 'F0'];
const lostConnections = ['08001', '08003', '08006', '08007'];

// PgBouncer has the SQLSTATE 08P01 for everything, so only its text tells these from a refused password.
const otherReasonsOfPooler =
  /no such database|no more connections|too many|unsupported startup parameter|_timeout\b|server down|shut(ting)? down|suspend|paused|has been failing|connect failed|(SSL|TLS) (connection )?required/i;

/**
 * Whether the server, or a pooler in front of it, refused a login for its token or its role. PostgreSQL reports it with
 * class 28 (invalid authorization specification); poolers have codes of their own, so that every error before the end
 * of a login counts that is not known to be about something else. Azure's wording changes: no text is needed for it.
 *
 * @param presented whether a token was presented; without one only class 28 is about the login
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isLoginRefusal(error: unknown, presented: boolean): boolean {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return false;
  if (isClass28(sqlState)) return true;
  if (!presented || otherClasses.includes(sqlState.slice(0, 2)) || lostConnections.includes(sqlState))
    return false;
  return !otherReasonsOfPooler.test((error as Error).message);
}

/** Whether a SQLSTATE is PostgreSQL's own for a refused login. */
export function isClass28(sqlState: string | undefined): boolean {
  return sqlState?.startsWith('28') ?? false;
}

/** Whether a refusal is one of PostgreSQL's own host-based rules, where another token cannot help. */
export function isHostRuleRefusal(error: unknown): boolean {
  return isClass28(sqlStateOf(error)) && /pg_hba\.conf/.test((error as Error).message);
}

/**
 * Whether an error shows that the connection leads to a server that is not the right one any more: read-only after a
 * failover, shutting down or starting up.
 */
export function isConnectionOutdated(error: unknown): boolean {
  return ['25006', '57P01', '57P02', '57P03'].includes(sqlStateOf(error) ?? '');
}
