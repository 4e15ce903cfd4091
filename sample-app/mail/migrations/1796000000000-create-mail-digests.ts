import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateMailDigests1796000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // A digest goes with its sign-in, and none comes after it: a job may be under way when a person is forgotten.
    await queryRunner.query(`
      CREATE TABLE mail_digests (
        user_key text COLLATE "C" PRIMARY KEY REFERENCES entra_sign_in (name) ON DELETE CASCADE,
        unread integer NOT NULL,
        read_at timestamptz NOT NULL,
        waits_for_sign_in boolean NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE mail_digests');
  }
}
