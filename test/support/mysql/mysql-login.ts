import type { ClientConnection } from '../../../lib/testing/postgres/gateway/client.connection.js';
import { readPacket, toBytes, type MySqlPacket } from './mysql-packet.js';

/** `CLIENT_SSL` of the capability flags. */
const ssl = 0x0800;

/** A login was refused: with this code of MySQL, as the packet of this number. */
export class MySqlRefusal extends Error {
  constructor(
    readonly sequence: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export interface MySqlLogin {
  user: string;
  password: string;
  /** The client's answer to the greeting, with which the backend can be greeted too. */
  response: Buffer;
  /** The number of the next packet to the client. */
  sequence: number;
}

/** Offers TLS in a backend's greeting, which does not. */
export function withTls(greeting: MySqlPacket): MySqlPacket {
  const payload = Buffer.from(greeting.payload);
  const endOfVersion = payload.indexOf(0, 1);
  const capabilities = endOfVersion + 1 + 4 + 8 + 1;
  payload.writeUInt16LE(payload.readUInt16LE(capabilities) | ssl, capabilities);
  return { ...greeting, payload };
}

/**
 * Takes a login as Azure Database for MySQL does: TLS, then the password in clear by `mysql_clear_password`.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 * @throws MySqlRefusal
 */
export async function takeLogin(client: ClientConnection, tls: boolean): Promise<MySqlLogin> {
  let packet = await readPacket(client.read);
  if (tls) {
    if ((packet.payload.readUInt32LE(0) & ssl) === 0) {
      const problem = 'Connections using insecure transport are prohibited';
      throw new MySqlRefusal(packet.sequence + 1, 3159, problem);
    }
    await client.startTls();
    packet = await readPacket(client.read);
  }
  const { payload, sequence } = packet;
  const user = payload.toString('utf8', 32, payload.indexOf(0, 32));
  const question = Buffer.from('\xfemysql_clear_password\0\0', 'latin1');
  client.write(toBytes({ sequence: sequence + 1, payload: question }));
  const answer = await readPacket(client.read);
  const response = Buffer.from(payload);
  response.writeUInt32LE(payload.readUInt32LE(0) & ~ssl, 0);
  const password = answer.payload.toString('utf8', 0, answer.payload.indexOf(0));
  return { user, password, response, sequence: answer.sequence + 1 };
}
