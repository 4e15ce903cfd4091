import type { MigrationInterface, QueryRunner } from 'typeorm';

import { refreshTokenPath } from './table-path.js';

/** Creates the table of `TypeOrmRefreshTokenStore`. Add it to the `migrations` of the data source. */
export class CreateEntraRefreshToken1763683200000 implements MigrationInterface {
  // Bundlers may rename the class, and TypeORM reads the time from the name.
  readonly name = 'CreateEntraRefreshToken1763683200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const table = refreshTokenPath(queryRunner.connection);
    await queryRunner.query(
      `CREATE TABLE ${table.quoted} (
        "name" text NOT NULL,
        "version" text NOT NULL,
        "record" text NOT NULL,
        "saved" timestamp with time zone NOT NULL DEFAULT now(),
        CONSTRAINT "${table.primaryKey}" PRIMARY KEY ("name")
      )`,
    );
    // Undoes what `ALTER DEFAULT PRIVILEGES` grants to PUBLIC; grants to a role by name stay.
    await queryRunner.query(`REVOKE ALL ON ${table.quoted} FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${refreshTokenPath(queryRunner.connection).quoted}`);
  }
}
