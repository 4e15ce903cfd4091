import type { MigrationInterface, QueryRunner } from 'typeorm';

import { refreshTokenPath } from './table-path.js';
import { createTokenTable } from './token-table.js';

/** Creates the table of `TypeOrmRefreshTokenStore`. Add it to the `migrations` of the data source. */
export class CreateEntraRefreshToken1763683200000 implements MigrationInterface {
  // Bundlers may rename the class, and TypeORM reads the time from the name.
  readonly name = 'CreateEntraRefreshToken1763683200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await createTokenTable(queryRunner, refreshTokenPath(queryRunner.connection));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${refreshTokenPath(queryRunner.connection).quoted}`);
  }
}
