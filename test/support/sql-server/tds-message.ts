const headerSize = 8;
const endOfMessage = 1;
const tabularResult = 0x04;

/** Types of messages that a client sends. */
export const messageType = {
  sqlBatch: 0x01,
  remoteCall: 0x03,
  attention: 0x06,
  fedAuthToken: 0x08,
  transaction: 0x0e,
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

/** Cuts a message into packets of 4,096 bytes, as both sides do until they agree on another size. */
export function toPackets(type: number, payload: Buffer): Buffer {
  const packets: Buffer[] = [];
  const room = 4096 - headerSize;
  for (let offset = 0; offset === 0 || offset < payload.length; offset += room) {
    const part = payload.subarray(offset, offset + room);
    const isLast = offset + room >= payload.length;
    const header = Buffer.from([type, isLast ? endOfMessage : 0, 0, 0, 0, 0, packets.length + 1, 0]);
    header.writeUInt16BE(headerSize + part.length, 2);
    packets.push(header, part);
  }
  return Buffer.concat(packets);
}

/** An answer of the server. */
export function answer(...tokens: Buffer[]): Buffer {
  return toPackets(tabularResult, Buffer.concat(tokens));
}

/** What a PRELOGIN has to say about encryption. */
export const encryption = { on: 1, notSupported: 2, required: 3 } as const;

/** Asks for a token of Entra: the option FEDAUTHREQUIRED, besides the version and the encryption. */
export function preLoginAnswer(wanted: number): Buffer {
  return Buffer.from([
    ...[0, 0, 16, 0, 6],
    ...[1, 0, 22, 0, 1],
    ...[6, 0, 23, 0, 1],
    0xff,
    ...[17, 0, 0, 0, 0, 0],
    wanted,
    1,
  ]);
}

/** @throws Error unless it is a PRELOGIN with a version */
export function checkPreLogin(payload: Buffer): void {
  if (payload.length < 6 || payload.readUInt8(0) !== 0)
    throw new Error('A PRELOGIN begins with the version.');
}

/** What a LOGIN7 asks for. */
export interface Login7 {
  userName: string;
  serverName: string;
  database: string;
  /** Of the feature FEDAUTH. */
  fedAuth?: { echo: boolean; /** 1 announces a token in the message, 2 one that follows. */ library: number };
}

export function readLogin7(login7: Buffer): Login7 {
  const text = (at: number): string => {
    const offset = login7.readUInt16LE(at);
    return login7.toString('utf16le', offset, offset + 2 * login7.readUInt16LE(at + 2));
  };
  const options = fedAuthOptions(login7);
  return {
    userName: text(40),
    serverName: text(52),
    database: text(68),
    ...(options === undefined ? {} : { fedAuth: { echo: (options & 1) === 1, library: options >> 1 } }),
  };
}

function fedAuthOptions(login7: Buffer): number | undefined {
  let offset = login7.readUInt32LE(login7.readUInt16LE(56));
  while (login7.readUInt8(offset) !== 0xff) {
    if (login7.readUInt8(offset) === 2) return login7.readUInt8(offset + 5);
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

/** @throws Error unless the lengths in it are right */
export function fedAuthToken(message: Buffer): string {
  const size = message.readUInt32LE(4);
  if (message.readUInt32LE(0) !== size + 4 || message.length !== size + 8)
    throw new Error('A token has another length than it says.');
  return message.toString('utf16le', 8);
}

export const loginAcknowledged = Buffer.concat([
  sized(0xad, [Buffer.from([1, 0x74, 0, 0, 4]), text8('Local SQL Server'), Buffer.from([17, 0, 0, 0])]),
  // The features: FEDAUTH, without data, and the end.
  Buffer.from([0xae, 2, 0, 0, 0, 0, 0xff]),
]);

export function errorToken(number: number, message: string, state = 1): Buffer {
  const parts = [uint32(number), Buffer.from([state, 14]), text16(message)];
  return sized(0xaa, [...parts, text8('local'), text8(''), uint32(1)]);
}

/** Sends the client to another server: the change ROUTING of the environment. */
export function routing(host: string, port: number): Buffer {
  const where = Buffer.concat([Buffer.from([0, port & 0xff, port >> 8]), text16(host)]);
  const size = Buffer.alloc(2);
  size.writeUInt16LE(where.length);
  return sized(0xe3, [Buffer.from([20]), size, where, Buffer.from([0, 0])]);
}

/** What a message for the manager of transactions asks for, with the answer to it. */
export function transactionChange(message: Buffer): Buffer {
  const request = message.readUInt16LE(message.readUInt32LE(0));
  const descriptor = [8, 1, 2, 3, 4, 5, 6, 7, 8];
  if (request === 5) return sized(0xe3, [Buffer.from([8, ...descriptor, 0])]);
  if (request === 7) return sized(0xe3, [Buffer.from([9, 0, ...descriptor])]);
  if (request === 8) return sized(0xe3, [Buffer.from([10, 0, ...descriptor])]);
  throw new Error(`The transaction manager was asked for ${request}.`);
}

/** The text of a batch, or of a call of `sp_executesql`, with what is around it. */
export function statementIn(message: Buffer): string {
  return message.toString('utf16le', message.readUInt32LE(0) & ~1);
}

/** @param failed whether an error came before */
export const done = (failed = false): Buffer =>
  Buffer.concat([Buffer.from([0xfd, failed ? 2 : 0]), Buffer.alloc(11)]);

/** Acknowledges that a request was cancelled. */
export const cancelled = Buffer.from([0xfd, 0x20, ...new Array<number>(11).fill(0)]);

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

function text16(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return Buffer.concat([length, Buffer.from(value, 'utf16le')]);
}

function text8(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'utf16le')]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
