import type { QueryRunner } from 'typeorm';

import type { TablePath } from './table-path.js';

/** Creates a table of records by name. */
export async function createTokenTable(
  runner: QueryRunner,
  { quoted, primaryKey }: TablePath,
  collation = '',
): Promise<void> {
  await runner.query(
    `CREATE TABLE ${quoted} (
      "name" text${collation} NOT NULL,
      "version" text NOT NULL,
      "record" text NOT NULL,
      "saved" timestamp with time zone NOT NULL DEFAULT now(),
      CONSTRAINT "${primaryKey}" PRIMARY KEY ("name")
    )`,
  );
  // Undoes what `ALTER DEFAULT PRIVILEGES` grants to PUBLIC; grants to a role by name stay.
  await runner.query(`REVOKE ALL ON ${quoted} FROM PUBLIC`);
}
