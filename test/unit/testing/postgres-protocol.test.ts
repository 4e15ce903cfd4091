import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PassThrough } from 'node:stream';
import {
  cleartextPasswordRequest,
  fatalError,
  ConnectionRefusal,
} from '../../../lib/testing/postgres/protocol/backend-message.factory.js';
import { readBytes } from '../../../lib/testing/postgres/protocol/byte.reader.js';
import { readPassword, readStartupPacket } from '../../../lib/testing/postgres/protocol/packet.reader.js';
import { parseStartupPacket } from '../../../lib/testing/postgres/protocol/startup-packet.parser.js';

/** A startup packet: length, code (or version) and body. */
function packet(code: number, body = ''): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(body)]);
  bytes.writeInt32BE(bytes.length);
  bytes.writeInt32BE(code, 4);
  return bytes;
}

function passwordMessage(text: string): Buffer {
  const bytes = Buffer.concat([Buffer.from('p\0\0\0\0'), Buffer.from(`${text}\0`)]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

/** A stream that brings the bytes in pieces of these sizes, and ends. */
function arriving(bytes: Buffer, sizes: number[] = []): PassThrough {
  const stream = new PassThrough();
  let sent = 0;
  const next = (): void => {
    const size = sizes.shift() ?? bytes.length;
    if (sent >= bytes.length) return void stream.end();
    stream.write(bytes.subarray(sent, (sent += size)));
    setImmediate(next);
  };
  next();
  return stream;
}

const VERSION_3 = 0x30000;

describe('parsing what a client sends first', () => {
  it.each([
    [80877103, 'tls-request'],
    [80877104, 'gss-request'],
    [80877102, 'cancel-request'],
  ])('knows request %i as %s', (code, kind) => {
    const bytes = packet(code);
    expect(parseStartupPacket(bytes)).toEqual({ kind, bytes });
  });

  it.each([
    ['user\0app\0database\0store\0\0', { user: 'app', database: 'store' }],
    ['user\0app\0\0', { user: 'app', database: 'app' }],
    ['user\0app\0database\0\0\0', { user: 'app', database: 'app' }],
    ['application_name\0\0user\0Jörg#EXT#\0\0', { user: 'Jörg#EXT#', database: 'Jörg#EXT#' }],
    // PostgreSQL takes the last one, too: what is checked must be what the database reads.
    ['user\0first\0user\0last\0\0', { user: 'last', database: 'last' }],
  ])('reads user and database of %j', (body, expected) => {
    expect(parseStartupPacket(packet(VERSION_3, body))).toMatchObject({ kind: 'startup', ...expected });
  });

  it('takes a newer minor version, which the database itself negotiates', () => {
    expect(parseStartupPacket(packet(VERSION_3 + 2, 'user\0app\0\0'))).toMatchObject({ user: 'app' });
  });

  it.each([
    [VERSION_3, '', '08P01'],
    [VERSION_3, 'user\0app', '08P01'],
    [VERSION_3, 'user\0app\0', '08P01'],
    [VERSION_3, 'user\0app\0lonely\0\0', '08P01'],
    [VERSION_3, '\0', '28000'],
    [VERSION_3, 'database\0store\0\0', '28000'],
    [0x20000, 'user\0app\0\0', '0A000'],
  ])('refuses version %i with body %j', (code, body, sqlState) => {
    expect(() => parseStartupPacket(packet(code, body))).toThrow(expect.objectContaining({ sqlState }));
  });

  it('never fails in another way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), (bytes) => {
        try {
          parseStartupPacket(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionRefusal);
        }
      }),
    );
  });
});

describe('reading from the connection', () => {
  it('puts packets together however they are cut, and leaves what follows', async () => {
    const bytes = Buffer.concat([
      packet(VERSION_3, 'user\0app\0\0'),
      passwordMessage('tökén'),
      Buffer.from('rest'),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), async (sizes) => {
        const stream = arriving(bytes, sizes);
        const read = (size: number): Promise<Buffer> => readBytes(stream, size);
        expect(await readStartupPacket(read)).toMatchObject({ user: 'app' });
        expect(await readPassword(read)).toBe('tökén');
        const rest: Buffer[] = [];
        for await (const chunk of stream) rest.push(chunk as Buffer);
        expect(Buffer.concat(rest).toString()).toBe('rest');
      }),
      { numRuns: 50 },
    );
  });

  it.each(['', 'abc'])('fails when the stream ends after %j', async (text) => {
    await expect(readBytes(arriving(Buffer.from(text)), 4)).rejects.toMatchObject({
      name: 'ClientGoneError',
    });
  });

  it('fails when the stream is destroyed, now or before', async () => {
    const stream = new PassThrough();
    const waiting = readBytes(stream, 1);
    stream.destroy();
    await expect(waiting).rejects.toMatchObject({ name: 'ClientGoneError' });
    await expect(readBytes(stream, 1)).rejects.toMatchObject({ name: 'ClientGoneError' });
  });

  it('leaves no listener behind', async () => {
    const stream = arriving(Buffer.from('abcdef'), [1, 1, 1]);
    const before = stream.eventNames().length;
    await readBytes(stream, 5);
    expect(stream.eventNames()).toHaveLength(before);
  });

  it.each([0, 7, 10_001, 0x7fffffff, -1])(
    'refuses a startup packet of %i bytes before it reads them',
    async (length) => {
      const head = Buffer.alloc(4);
      head.writeInt32BE(length);
      await expect(readStartupPacket(() => Promise.resolve(head))).rejects.toMatchObject({
        sqlState: '08P01',
      });
    },
  );

  it.each([0, 4, 65_536, -1])(
    'refuses a password message of %i bytes before it reads them',
    async (length) => {
      const head = Buffer.from('p\0\0\0\0');
      head.writeInt32BE(length, 1);
      await expect(readPassword(() => Promise.resolve(head))).rejects.toMatchObject({ sqlState: '08P01' });
    },
  );
});

describe('what the server sends', () => {
  it('asks for a cleartext password', () => {
    expect([...cleartextPasswordRequest()]).toEqual([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
  });

  it('reports an error with severity, code and message', () => {
    const bytes = fatalError(new ConnectionRefusal('28P01', 'no\0entry é'));
    expect(bytes.readInt32BE(1)).toBe(bytes.length - 1);
    expect(bytes.toString('utf8', 5)).toBe('SFATAL\0VFATAL\0C28P01\0Mno entry é\0\0');
  });
});
