import { EntitySchema } from 'typeorm';

/** A row of the table. */
export interface EntraRefreshTokenRow {
  /** Name of the store that it belongs to. */
  name: string;
  /** Changes with every save. */
  version: string;
  /** The record, in the format of the file store. Secret, unless an `EncryptedRefreshTokenStore` wrote it. */
  record: string;
  /** When it was saved. */
  saved: Date;
}

export const refreshTokenTable = 'entra_refresh_token';

/**
 * The table of `TypeOrmRefreshTokenStore`, for the `entities` of a data source that generates tables or migrations. The
 * store itself needs only the table.
 */
export const EntraRefreshTokenEntity = new EntitySchema<EntraRefreshTokenRow>({
  name: 'EntraRefreshToken',
  tableName: refreshTokenTable,
  columns: {
    name: { name: 'name', type: 'text', primary: true },
    version: { name: 'version', type: 'text' },
    record: { name: 'record', type: 'text' },
    saved: { name: 'saved', type: 'timestamp with time zone', default: () => 'now()' },
  },
});
