import { EntitySchema } from 'typeorm';

/** A row of the table of refresh tokens. */
export interface EntraRefreshTokenRow {
  /** Name of the store that it belongs to. */
  name: string;
  /** Different after every save. */
  version: string;
  /** The record, as the file store writes it too; secret, unless an `EncryptedRefreshTokenStore` wrote it. */
  record: string;
  /** When it was saved. */
  saved: Date;
}

export const refreshTokenTable = 'entra_refresh_token';

/**
 * The table that `TypeOrmRefreshTokenStore` uses, for the `entities` of a data source that makes its tables or its
 * migrations from them. The store itself needs only the table.
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
