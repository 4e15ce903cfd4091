import { versionLength } from '../shared-token-cache.js';

/** The statements on the table of `TypeOrmTokenCache`. Times are by the database's clock. */
export interface UserTokenStatements {
  readonly read: string;
  readonly lease: string;
  readonly put: string;
  readonly release: string;
  readonly deleteOwned: string;
  readonly sweep: string;
}

const inMs = (parameter: string): string => `now() + ${parameter} * interval '1 millisecond'`;

/** @param table quoted */
export function userTokenStatements(table: string): UserTokenStatements {
  const version = `substring(t."record" from 1 for ${versionLength})`;
  const isReplaceable = `(t."record" IS NULL OR t."expires" <= now() OR ${version} = $4)`;
  return {
    read: `SELECT CASE WHEN "expires" > now() THEN "record" END AS "record", "leased" > now() AS "isLeased"
      FROM ${table} WHERE "name" = $1`,
    lease: `INSERT INTO ${table} AS t ("name", "holder", "leased", "expires")
      VALUES ($1, $2, ${inMs('$3')}, ${inMs('$3')})
      ON CONFLICT ("name") DO UPDATE SET "holder" = excluded."holder", "leased" = excluded."leased",
        "record" = CASE WHEN t."expires" > now() THEN t."record" END,
        "expires" = greatest(t."expires", excluded."expires")
      WHERE ${isReplaceable} AND (t."leased" IS NULL OR t."leased" <= now())
      RETURNING 1`,
    put: `INSERT INTO ${table} AS t ("name", "record", "expires", "owner") VALUES ($1, $2, ${inMs('$3')}, $6)
      ON CONFLICT ("name") DO UPDATE SET "record" = excluded."record", "expires" = excluded."expires",
        "owner" = excluded."owner", "leased" = CASE WHEN t."holder" = $5 THEN NULL ELSE t."leased" END
      WHERE ${isReplaceable}
      RETURNING 1`,
    release: `UPDATE ${table} SET "leased" = NULL WHERE "name" = $1 AND "holder" = $2`,
    deleteOwned: `DELETE FROM ${table} WHERE "owner" = $1 RETURNING 1`,
    sweep: `DELETE FROM ${table} WHERE "name" IN
      (SELECT "name" FROM ${table} WHERE "expires" <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)`,
  };
}
