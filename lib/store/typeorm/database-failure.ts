import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { redactError } from '../../common/redaction.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import { isStoreError, RefreshTokenStoreError } from '../refresh-token-store.error.js';

// Connection, insufficient resources, operator intervention, transaction rollback, read-only after a failover.
const passingClasses = ['08', '53', '57', '40', '25'];

const remedies: Readonly<Record<string, string>> = {
  '42P01':
    'Add the migration of the table, `CreateEntraRefreshToken1763683200000` or `CreateEntraSignIn1795914000000` of nestjs-entra-auth/typeorm, to the data source, and run it.',
  '42703': 'The table has other columns: make it with the migration of nestjs-entra-auth/typeorm.',
  '42501':
    'Grant the role SELECT, INSERT and UPDATE on the table (DELETE too for sign-ins), and USAGE on its schema.',
};

/** Whether the connection failed, so that it is open what has become of a statement. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlStateOf(error);
  return !isEntraAuthError(error) && (state === undefined || /^(08|57P)/.test(state));
}

/** Runs work on the table, and turns an error of the database into one of the store. */
export async function guardDatabase<T>(doing: string, table: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw databaseFailure(doing, table, error);
  }
}

/**
 * Gives an error of the database its remedy. Properties that the driver and TypeORM add to their errors, such as the
 * parameters of the statement, are dropped.
 */
function databaseFailure(doing: string, table: string, error: unknown): Error {
  if (isStoreError(error)) return error;
  const state = sqlStateOf(error);
  const remedy = state === undefined ? undefined : remedies[state];
  const passing = isEntraAuthError(error)
    ? error.retryable
    : state === undefined || passingClasses.includes(state.slice(0, 2));
  return new RefreshTokenStoreError(
    `${doing} the refresh token in the table ${table} failed (${state ?? 'no answer'}).`,
    remedy ?? 'Check the database and the network to it; see the cause.',
    { cause: redactError(error), retryable: remedy === undefined && passing },
  );
}
