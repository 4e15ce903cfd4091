import { ConnectionRefusal } from './backend-message.factory.js';

/**
 * What a client may send before it is authenticated. `bytes` is the packet as it came, length word included.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export type StartupPacket =
  | { kind: 'tls-request'; bytes: Buffer }
  | { kind: 'gss-request'; bytes: Buffer }
  | { kind: 'cancel-request'; bytes: Buffer }
  | StartupMessage;

/** The packet that names the role and the database. */
export interface StartupMessage {
  kind: 'startup';
  bytes: Buffer;
  user: string;
  database: string;
}

const CANCEL_REQUEST = 80877102;
const TLS_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const PROTOCOL_MAJOR = 3;

/**
 * Reads a complete startup packet, length word included.
 *
 * @throws ConnectionRefusal for a protocol that PostgreSQL does not speak and for a packet that does not parse.
 */
export function parseStartupPacket(bytes: Buffer): StartupPacket {
  const code = bytes.readInt32BE(4);
  if (code === TLS_REQUEST) return { kind: 'tls-request', bytes };
  if (code === GSS_REQUEST) return { kind: 'gss-request', bytes };
  if (code === CANCEL_REQUEST) return { kind: 'cancel-request', bytes };
  const [major, minor] = [bytes.readUInt16BE(4), bytes.readUInt16BE(6)];
  if (major !== PROTOCOL_MAJOR) {
    throw new ConnectionRefusal('0A000', `unsupported frontend protocol ${major}.${minor}`);
  }
  return parseStartupMessage(bytes);
}

/** The parameters are pairs of zero-terminated strings, and one more zero ends the list. */
function parseStartupMessage(bytes: Buffer): StartupMessage {
  const body = bytes.toString('utf8', 8);
  if (body !== '\0' && !body.endsWith('\0\0')) throw invalidLayout();
  const words = body.split('\0').slice(0, -2);
  if (words.length % 2 !== 0) throw invalidLayout();
  const parameters = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) {
    parameters.set(words[index] ?? '', words[index + 1] ?? '');
  }
  const user = parameters.get('user');
  if (!user) throw new ConnectionRefusal('28000', 'no PostgreSQL user name specified in startup packet');
  return { kind: 'startup', bytes, user, database: parameters.get('database') || user };
}

function invalidLayout(): ConnectionRefusal {
  return new ConnectionRefusal('08P01', 'invalid startup packet layout: expected terminator as last byte');
}
