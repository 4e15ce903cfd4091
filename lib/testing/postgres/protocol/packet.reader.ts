import { ConnectionRefusal } from './backend-message.factory.js';
import { type StartupPacket, parseStartupPacket } from './startup-packet.parser.js';

/** Gives exactly so many bytes, and leaves the rest for the next reader. */
export type ReadBytes = (size: number) => Promise<Buffer>;

// PostgreSQL's own limits: a client that is not known yet must not make the server hold more.
const MAX_STARTUP_PACKET = 10_000;
const MAX_PASSWORD_MESSAGE = 65_535;

/** Reads the next startup packet. */
export async function readStartupPacket(read: ReadBytes): Promise<StartupPacket> {
  const head = await read(4);
  const length = head.readInt32BE(0);
  if (length < 8 || length > MAX_STARTUP_PACKET) {
    throw new ConnectionRefusal('08P01', 'invalid length of startup packet');
  }
  return parseStartupPacket(Buffer.concat([head, await read(length - 4)]));
}

/** Reads the client's answer to the request for a password. */
export async function readPassword(read: ReadBytes): Promise<string> {
  const head = await read(5);
  const type = head.readUInt8(0);
  if (type !== 'p'.charCodeAt(0)) {
    throw new ConnectionRefusal('08P01', `expected password response, got message type ${type}`);
  }
  const length = head.readInt32BE(1);
  if (length < 5 || length > MAX_PASSWORD_MESSAGE) {
    throw new ConnectionRefusal('08P01', 'invalid password packet size');
  }
  const body = await read(length - 4);
  if (body.indexOf(0) !== body.length - 1) {
    throw new ConnectionRefusal('08P01', 'invalid password packet size');
  }
  return body.toString('utf8', 0, body.length - 1);
}
