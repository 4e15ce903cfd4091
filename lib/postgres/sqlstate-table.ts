import type { ErrorMeaning } from '../common/error-codes.js';

const wait = 'Wait until the server has started, failed over or been restarted; connections are made anew.';

/**
 * The SQLSTATEs that a login or a health check meets.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const sqlStates = {
  '28P01': {
    cause: 'The server refused the token, or the role that it was presented for.',
    remedy:
      'Check that the name matches the Entra principal, upper and lower case included, and that the role exists.',
  },
  '28000': {
    cause: 'The server refused the role or the connection: its host-based rules, the token, or no such role.',
    remedy:
      'Check the role as for 28P01, and the firewall, the host-based rules and that the connection uses TLS.',
  },
  '08P01': {
    cause:
      'PgBouncer, which has this code for everything, refused the login, or the token is too long for it.',
    remedy: 'Connect to PostgreSQL itself (port 5432) instead of the pooler (6432) to see the reason.',
  },
  '08006': {
    cause: 'The connection broke.',
    remedy: 'Check the network between here and the server; connections are made anew.',
  },
  '3D000': {
    cause: 'The database does not exist on that server.',
    remedy: 'Check the option "database" and the host.',
  },
  '3F000': {
    cause: 'The schema does not exist.',
    remedy: 'Check the option "schema", or create the schema.',
  },
  '42501': {
    cause: 'The role has logged in, and may not do what was asked.',
    remedy:
      'Let an administrator grant the role what it needs: grant connect on database …, usage on schema ….',
  },
  '25006': {
    cause: 'The server is read-only: a replica, or the former master after a failover.',
    remedy: 'Check the host; connections of the pool that lead there are replaced.',
  },
  '53300': {
    cause: 'The server takes no more connections.',
    remedy: 'Lower the size of the pools or the number of replicas, or raise max_connections.',
  },
  '53400': {
    cause: 'A configured limit of the server is reached.',
    remedy: 'Lower the size of the pools, or raise the limit.',
  },
  '55000': {
    cause: 'The database takes no connections, as a template does.',
    remedy: 'Check the option "database".',
  },
  '57P01': { cause: 'An administrator ended the connection, as a restart does.', remedy: wait },
  '57P02': { cause: 'The server crashed.', remedy: wait },
  '57P03': { cause: 'The server is starting up or shutting down.', remedy: wait },
  '57014': {
    cause: 'The statement was cancelled, by a timeout or by a person.',
    remedy: 'Check statement_timeout, and what makes the server slow.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;

/** Returns the meaning of a SQLSTATE; `undefined` for one that is not about logins. */
export function sqlStateMeaning(code: string | undefined): ErrorMeaning | undefined {
  return Object.entries(sqlStates).find(([known]) => known === code)?.[1];
}
