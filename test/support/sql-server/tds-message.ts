const headerSize = 8;
const endOfMessage = 1;
const tabularResult = 0x04;

/** Types of messages that a client sends. */
export const messageType = {
  sqlBatch: 0x01,
  remoteCall: 0x03,
  fedAuthToken: 0x08,
  login7: 0x10,
  preLogin: 0x12,
} as const;

/** @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds */
export interface TdsMessage {
  type: number;
  payload: Buffer;
}

/** @param read takes exactly so many bytes from a connection */
export async function readMessage(read: (size: number) => Promise<Buffer>): Promise<TdsMessage> {
  const parts: Buffer[] = [];
  for (;;) {
    const header = await read(headerSize);
    parts.push(await read(header.readUInt16BE(2) - headerSize));
    if ((header.readUInt8(1) & endOfMessage) !== 0) {
      return { type: header.readUInt8(0), payload: Buffer.concat(parts) };
    }
  }
}

/** An answer of the server, which must fit into one packet. */
export function answer(...tokens: Buffer[]): Buffer {
  const payload = Buffer.concat(tokens);
  const header = Buffer.from([tabularResult, endOfMessage, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(headerSize + payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Asks for a token of Entra: the option FEDAUTHREQUIRED, besides the version and the encryption. */
export const preLoginAnswer = Buffer.from([
  ...[0, 0, 16, 0, 6],
  ...[1, 0, 22, 0, 1],
  ...[6, 0, 23, 0, 1],
  0xff,
  ...[17, 0, 0, 0, 0, 0],
  2,
  1,
]);

/** What a LOGIN7 asks for by the feature FEDAUTH: 1 announces a token in it, 2 one that follows. */
export function fedAuthLibrary(login7: Buffer): number | undefined {
  let offset = login7.readUInt32LE(login7.readUInt16LE(56));
  while (login7.readUInt8(offset) !== 0xff) {
    if (login7.readUInt8(offset) === 2) return login7.readUInt8(offset + 5) >> 1;
    offset += 5 + login7.readUInt32LE(offset + 1);
  }
  return undefined;
}

/** Names the authority and the resource of the token that the server wants. */
export function fedAuthInfo(authority: string, resource: string): Buffer {
  const values = [authority, resource].map((value) => Buffer.from(value, 'utf16le'));
  let offset = 4 + 9 * values.length;
  const entries = values.map((value, index) => {
    const entry = Buffer.concat([Buffer.from([index + 1]), uint32(value.length), uint32(offset)]);
    offset += value.length;
    return entry;
  });
  const data = Buffer.concat([uint32(values.length), ...entries, ...values]);
  return Buffer.concat([Buffer.from([0xee]), uint32(data.length), data]);
}

export const fedAuthToken = (message: Buffer): string => message.toString('utf16le', 8);

export const loginAcknowledged = Buffer.concat([
  sized(0xad, [Buffer.from([1, 0x74, 0, 0, 4]), text8('Local SQL Server'), Buffer.from([17, 0, 0, 0])]),
  // The features: FEDAUTH, without data, and the end.
  Buffer.from([0xae, 2, 0, 0, 0, 0, 0xff]),
]);

export function errorToken(number: number, message: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(message.length);
  const parts = [uint32(number), Buffer.from([1, 14]), length, Buffer.from(message, 'utf16le')];
  return sized(0xaa, [...parts, text8('local'), text8(''), uint32(1)]);
}

/** @param failed whether an error came before */
export const done = (failed = false): Buffer =>
  Buffer.concat([Buffer.from([0xfd, failed ? 2 : 0]), Buffer.alloc(11)]);

/** A result of one row with one column, an nvarchar. */
export function oneRow(column: string, value: string): Buffer {
  const text = Buffer.from(value, 'utf16le');
  return Buffer.concat([
    Buffer.from([0x81, 1, 0, 0, 0, 0, 0, 9, 0, 0xe7, 0, 1, 9, 4, 0xd0, 0, 0x34]),
    text8(column),
    Buffer.from([0xd1, text.length, 0]),
    text,
  ]);
}

function sized(type: number, parts: Buffer[]): Buffer {
  const data = Buffer.concat(parts);
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16LE(data.length, 1);
  return Buffer.concat([head, data]);
}

function text8(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'utf16le')]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
