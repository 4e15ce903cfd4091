import { isEntraAuthError } from '../common/entra-auth.error.js';
import { errorCodes, type ErrorMeaning } from '../common/error-codes.js';
import { sqlStateOf } from '../common/sqlstate.js';
import { errorText } from '../common/thrown.js';
import { aadstsMeaning, aadstsTable, findAadsts } from '../entra/aadsts.js';
import { sqlStateMeaning, sqlStates } from '../postgres/sqlstate-table.js';

/** One row of the reference. */
export interface ErrorReferenceRow extends ErrorMeaning {
  /** `ENTRA_…`, `AADSTS…` or a SQLSTATE. */
  readonly code: string;
  readonly family: 'package' | 'entra' | 'postgres';
}

type Family = ErrorReferenceRow['family'];

const rowsOf = (
  family: Family,
  meanings: Iterable<readonly [code: string, meaning: ErrorMeaning]>,
): ErrorReferenceRow[] => [...meanings].map(([code, { cause, remedy }]) => ({ code, family, cause, remedy }));

/** Every code that an error of this package, of Entra or of PostgreSQL is known by, with its cause and its remedy. */
export const errorReference: readonly ErrorReferenceRow[] = [
  ...rowsOf('package', Object.entries(errorCodes)),
  ...rowsOf(
    'entra',
    [...aadstsTable].map(([code, meaning]) => [`AADSTS${code}`, meaning] as const),
  ),
  ...rowsOf('postgres', Object.entries(sqlStates)),
];

/** What a person must do about an error; `undefined` for one that the reference does not know. */
export function remedyOf(error: unknown): string | undefined {
  if (isEntraAuthError(error)) return error.fix;
  const meaning = sqlStateMeaning(sqlStateOf(error)) ?? aadstsMeaning(findAadsts(errorText(error)));
  return meaning?.remedy;
}
