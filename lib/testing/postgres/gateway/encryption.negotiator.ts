import { readStartupPacket } from '../protocol/packet.reader.js';
import { ConnectionRefusal } from '../protocol/backend-message.factory.js';
import type { StartupPacket } from '../protocol/startup-packet.parser.js';
import type { ClientConnection } from './client.connection.js';

const TLS_HANDSHAKE_RECORD = 0x16;

/**
 * Agrees on encryption as the client wishes, and gives the packet that follows.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 * @throws ConnectionRefusal
 */
export async function negotiateEncryption(client: ClientConnection): Promise<StartupPacket> {
  if (await beginsWithTls(client)) {
    await client.startTls();
    if (client.namedProtocol) return readStartupPacket(client.read);
    throw new ConnectionRefusal(
      '08P01',
      'received direct SSL connection request without ALPN protocol negotiation extension',
    );
  }
  let packet = await readStartupPacket(client.read);
  if (packet.kind === 'gss-request') {
    client.write('N');
    packet = await readStartupPacket(client.read);
  }
  if (packet.kind !== 'tls-request') return packet;
  // Bytes sent in clear before the handshake may come from a man in the middle (CVE-2021-23214 and 23222).
  if (client.hasUnreadBytes) {
    throw new ConnectionRefusal('08P01', 'received unencrypted data after SSL request');
  }
  client.write('S');
  await client.startTls();
  return readStartupPacket(client.read);
}

async function beginsWithTls(client: ClientConnection): Promise<boolean> {
  const first = await client.read(1);
  client.unread(first);
  return first[0] === TLS_HANDSHAKE_RECORD;
}
