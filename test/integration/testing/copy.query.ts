import type { Connection, DatabaseError, Submittable } from 'pg';

/** What pg's connection can do beyond its types. */
interface CopyConnection {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A COPY by hand: sends the given rows, or collects those that come. */
export class CopyQuery implements Submittable {
  readonly done: Promise<Buffer>;
  private readonly received: Buffer[] = [];
  private resolve!: (rows: Buffer) => void;
  private reject!: (error: Error) => void;

  constructor(
    private readonly sql: string,
    private readonly rows: Buffer[] = [],
  ) {
    this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  }

  submit = (connection: Connection): void => (connection as unknown as CopyConnection).query(this.sql);

  handleCopyInResponse(connection: CopyConnection): void {
    for (const chunk of this.rows) connection.sendCopyFromChunk(chunk);
    connection.endCopyFrom();
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.received.push(Buffer.from(chunk));
  }

  handleCommandComplete(): void {}

  handleError(error: DatabaseError): void {
    this.reject(error);
  }

  handleReadyForQuery(): void {
    this.resolve(Buffer.concat(this.received));
  }
}
