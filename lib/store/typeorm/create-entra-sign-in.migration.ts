import type { MigrationInterface, QueryRunner } from 'typeorm';

import { signInPath } from './table-path.js';
import { createTokenTable } from './token-table.js';

/** Creates the table of `TypeOrmSignInStore`. Add it to the `migrations` of the data source. */
export class CreateEntraSignIn1795914000000 implements MigrationInterface {
  // Bundlers may rename the class, and TypeORM reads the time from the name.
  readonly name = 'CreateEntraSignIn1795914000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Lists go by the bytes of the names, whatever the collation of the database is.
    await createTokenTable(queryRunner, signInPath(queryRunner.connection), ' COLLATE "C"');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${signInPath(queryRunner.connection).quoted}`);
  }
}
