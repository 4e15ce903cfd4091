import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { redactError } from '../../common/redaction.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import { RefreshTokenConflictError } from '../refresh-token-conflict.error.js';
import { RefreshTokenStoreError } from '../refresh-token-store.error.js';
import { RefreshTokenUnreadableError } from '../refresh-token-unreadable.error.js';

// Connection, insufficient resources, operator intervention, transaction rollback, read-only after a failover.
const passingClasses = ['08', '53', '57', '40', '25'];

const remedies: Readonly<Record<string, string>> = {
  '42P01':
    'Add the migration `CreateEntraRefreshToken1763683200000` of nestjs-entra-auth/typeorm to the data source, and run it.',
  '42703': 'The table has other columns: make it with the migration of nestjs-entra-auth/typeorm.',
  '42501': 'Grant the role SELECT, INSERT and UPDATE on the table, and USAGE on its schema.',
};

/** Whether the connection failed, so that it is open what has become of a statement. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlStateOf(error);
  return !isEntraAuthError(error) && (state === undefined || /^(08|57P)/.test(state));
}

/**
 * Gives an error of the database its remedy. What the driver and TypeORM hang on their errors, the parameters of the
 * statement among it, is left behind.
 */
export function databaseFailure(doing: string, table: string, error: unknown): Error {
  if (isOfStore(error)) return error;
  const state = sqlStateOf(error);
  const remedy = state === undefined ? undefined : remedies[state];
  const passing = isEntraAuthError(error)
    ? error.retryable
    : state === undefined || passingClasses.includes(state.slice(0, 2));
  return new RefreshTokenStoreError(
    `${doing} the refresh token in the table ${table} failed (${state ?? 'no answer'}).`,
    remedy ?? 'Check the database and the network to it; the cause says more.',
    { cause: redactError(error), retryable: remedy === undefined && passing },
  );
}

function isOfStore(error: unknown): error is Error {
  return (
    error instanceof RefreshTokenStoreError ||
    error instanceof RefreshTokenConflictError ||
    error instanceof RefreshTokenUnreadableError
  );
}
