import { isError } from './is-error.js';

/** The SQLSTATE of a PostgreSQL error, if it is one. */
export function sqlStateOf(error: unknown): string | undefined {
  const code: unknown = isError(error) ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Whether the server refused the login itself (class 28, invalid authorization specification). Azure's wording
 * changes, so the text is never matched for this.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isLoginRefusal(error: unknown): boolean {
  return sqlStateOf(error)?.startsWith('28') ?? false;
}

/** Whether a refusal is one of PostgreSQL's own host-based rules, where another token cannot help. */
export function isHostRuleRefusal(error: unknown): boolean {
  return isLoginRefusal(error) && /pg_hba\.conf/.test((error as Error).message);
}

/**
 * Whether an error shows that the connection leads to a server that is not the right one any more: read-only after a
 * failover, shutting down or starting up.
 */
export function isConnectionOutdated(error: unknown): boolean {
  return ['25006', '57P01', '57P02', '57P03'].includes(sqlStateOf(error) ?? '');
}
