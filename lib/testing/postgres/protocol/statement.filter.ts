import { Transform, type TransformCallback } from 'node:stream';

const simpleQuery = 'Q'.charCodeAt(0);
const parse = 'P'.charCodeAt(0);
const headLength = 5;
/** Longer ones pass as they are. */
const longestStatement = 64 * 1024;

/** Passes what a client sends on, and lets statements be replaced: those of the simple and of the extended protocol. */
export class StatementFilter extends Transform {
  private unfinished = Buffer.alloc(0);
  /** What is still to come of a message that passes as it is. */
  private passing = 0;

  constructor(private readonly replace: (sql: string) => string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = this.unfinished.length === 0 ? chunk : Buffer.concat([this.unfinished, chunk]);
    for (let size = this.next(rest); size > 0; size = this.next(rest)) {
      this.push(this.passing > 0 ? rest.subarray(0, size) : this.replaced(rest.subarray(0, size)));
      this.passing = Math.max(0, this.passing - size);
      rest = rest.subarray(size);
    }
    this.unfinished = Buffer.from(rest);
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.unfinished);
  }

  /** How many bytes can go on: the whole of a statement, or all that is there of other messages. 0 for none. */
  private next(bytes: Buffer): number {
    if (this.passing === 0 && bytes.length >= headLength) {
      const size = Math.max(bytes.readInt32BE(1) + 1, headLength);
      const isStatement = bytes[0] === simpleQuery || bytes[0] === parse;
      if (isStatement && size <= longestStatement) return bytes.length >= size ? size : 0;
      this.passing = size;
    }
    return Math.min(this.passing, bytes.length);
  }

  private replaced(message: Buffer): Buffer {
    const start = message[0] === parse ? message.indexOf(0, headLength) + 1 : headLength;
    const end = message.indexOf(0, start);
    if (start === 0 || end < 0) return message;
    const sql = message.toString('utf8', start, end);
    const other = this.replace(sql);
    if (other === sql) return message;
    const body = Buffer.concat([
      message.subarray(headLength, start),
      Buffer.from(other, 'utf8'),
      message.subarray(end),
    ]);
    const head = Buffer.from(message.subarray(0, headLength));
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  }
}
