/** A command of a client: name and arguments, as they came. */
export type Request = readonly Buffer[];

/** What a real Redis refuses to read, and closes the connection for. */
export class ProtocolError extends Error {}

/** Limits of Redis for connections that have not logged in. */
const unauthenticated = { bulkLength: 16_384, multibulkLength: 10 };

/** Takes the commands out of what a client sends: arrays of bulk strings, in pieces of any size. */
export class RequestParser {
  #buffer = Buffer.alloc(0);
  #position = 0;

  push(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#position), chunk]);
    this.#position = 0;
  }

  /**
   * The next whole command, or `undefined` until more has arrived.
   *
   * @throws {ProtocolError}
   */
  next(isAuthenticated: boolean): Request | undefined {
    const start = this.#position;
    const request = this.#read(isAuthenticated);
    if (request === undefined) this.#position = start;
    return request;
  }

  #read(isAuthenticated: boolean): Request | undefined {
    const count = this.#header('*');
    if (count === undefined) return undefined;
    if (!isAuthenticated && count > unauthenticated.multibulkLength)
      throw new ProtocolError('unauthenticated multibulk length');
    const request: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      const length = this.#header('$');
      if (length === undefined) return undefined;
      if (!isAuthenticated && length > unauthenticated.bulkLength)
        throw new ProtocolError('unauthenticated bulk length');
      const end = this.#position + length;
      if (this.#buffer.length < end + 2) return undefined;
      request.push(this.#buffer.subarray(this.#position, end));
      this.#position = end + 2;
    }
    return request;
  }

  #header(type: '*' | '$'): number | undefined {
    const end = this.#buffer.indexOf('\r\n', this.#position);
    if (end === -1) return undefined;
    const line = this.#buffer.toString('latin1', this.#position, end);
    if (!/^[*$]\d{1,9}$/.test(line) || line[0] !== type) throw new ProtocolError(`expected '${type}'`);
    this.#position = end + 2;
    return Number(line.slice(1));
  }
}

/** A command as it goes over the wire. */
export function encodeRequest(request: readonly (string | Buffer)[]): Buffer {
  const parts = request.flatMap((part) => {
    const bytes = Buffer.from(part);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${request.length}\r\n`), ...parts]);
}
