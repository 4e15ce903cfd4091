import { EntitySchema } from 'typeorm';

/** A row of the table. */
export interface EntraSignInRow {
  /** The key of the user. */
  name: string;
  /** Changes with every save. */
  version: string;
  /** The record, in the format of the file store. Secret, unless an `EncryptedSignInStore` wrote it. */
  record: string;
  /** When it was saved. */
  saved: Date;
}

export const signInTable = 'entra_sign_in';

/**
 * The table of `TypeOrmSignInStore`, for the `entities` of a data source that generates tables or migrations. The
 * store itself needs only the table.
 */
export const EntraSignInEntity = new EntitySchema<EntraSignInRow>({
  name: 'EntraSignIn',
  tableName: signInTable,
  columns: {
    name: { name: 'name', type: 'text', primary: true, collation: 'C' },
    version: { name: 'version', type: 'text' },
    record: { name: 'record', type: 'text' },
    saved: { name: 'saved', type: 'timestamp with time zone', default: () => 'now()' },
  },
});
