import type { MigrationInterface, QueryRunner } from 'typeorm';

import { userTokenPath } from './table-path.js';

/**
 * Creates the table of `TypeOrmTokenCache`. Add it to the `migrations` of the data source. The table is unlogged: nothing of
 * it reaches the write-ahead log, standbys and their backups, and it is empty after a crash.
 */
export class CreateEntraUserToken1795910400000 implements MigrationInterface {
  // Bundlers may rename the class, and TypeORM reads the time from the name.
  readonly name = 'CreateEntraUserToken1795910400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const table = userTokenPath(queryRunner.connection);
    await queryRunner.query(
      `CREATE UNLOGGED TABLE ${table.quoted} (
        "name" text NOT NULL,
        "record" bytea,
        "expires" timestamp with time zone NOT NULL,
        "holder" text,
        "leased" timestamp with time zone,
        "owner" text,
        CONSTRAINT "${table.primaryKey}" PRIMARY KEY ("name")
      )`,
    );
    await queryRunner.query(`CREATE INDEX ON ${table.quoted} ("expires")`);
    await queryRunner.query(`CREATE INDEX ON ${table.quoted} ("owner") WHERE "owner" IS NOT NULL`);
    // Undoes what `ALTER DEFAULT PRIVILEGES` grants to PUBLIC; grants to a role by name stay.
    await queryRunner.query(`REVOKE ALL ON ${table.quoted} FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${userTokenPath(queryRunner.connection).quoted}`);
  }
}
