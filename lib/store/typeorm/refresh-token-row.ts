import { decodeRecord, type RefreshTokenRecord } from '../refresh-token-record.js';
import { RefreshTokenConflictError } from '../refresh-token-store.error.js';
import type { RefreshTokenSnapshot } from '../refresh-token-store.js';
import type { DatabaseSession } from './database-session.js';

/** The statements for one row of the table. */
export class RefreshTokenRow {
  constructor(
    /** Quoted. */
    readonly table: string,
    readonly name: string,
  ) {}

  async read(session: DatabaseSession): Promise<RefreshTokenSnapshot | undefined> {
    const [row] = await session.query(`SELECT "record" FROM ${this.table} WHERE "name" = $1`, [this.name]);
    return row === undefined ? undefined : decodeRecord(String(row['record']), this.#description);
  }

  /**
   * Writes with one statement, which is committed when this resolves. Can be repeated with the same record after a lost
   * connection: a record that is already there is not written again.
   */
  async write(
    session: DatabaseSession,
    { text, snapshot }: RefreshTokenRecord,
    expectedVersion: string | undefined,
  ): Promise<RefreshTokenSnapshot> {
    const current = await this.read(session);
    if (current?.version === snapshot.version) return snapshot;
    const written =
      expectedVersion === undefined
        ? await session.query(
            `INSERT INTO ${this.table} ("name", "version", "record") VALUES ($1, $2, $3)
             ON CONFLICT ("name") DO NOTHING RETURNING "name"`,
            [this.name, snapshot.version, text],
          )
        : await session.query(
            `UPDATE ${this.table} SET "version" = $2, "record" = $3, "saved" = now()
             WHERE "name" = $1 AND "version" = $4 RETURNING "name"`,
            [this.name, snapshot.version, text, expectedVersion],
          );
    if (written.length === 0) throw new RefreshTokenConflictError(this.#description);
    return snapshot;
  }

  /** @returns whether there was a row */
  async delete(session: DatabaseSession): Promise<boolean> {
    const statement = `DELETE FROM ${this.table} WHERE "name" = $1 RETURNING "name"`;
    return (await session.query(statement, [this.name])).length > 0;
  }

  get #description(): string {
    return `the row "${this.name}" of the table ${this.table}`;
  }
}
