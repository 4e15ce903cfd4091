/** @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html */
export interface MySqlPacket {
  sequence: number;
  payload: Buffer;
}

/** @param read takes exactly so many bytes from a connection */
export async function readPacket(read: (size: number) => Promise<Buffer>): Promise<MySqlPacket> {
  const header = await read(4);
  return { sequence: header.readUInt8(3), payload: await read(header.readUIntLE(0, 3)) };
}

export function toBytes({ sequence, payload }: MySqlPacket): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, payload]);
}

/** @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html */
export function errorPacket(sequence: number, code: number, message: string): Buffer {
  const payload = Buffer.from(`\xff  #28000${message}`, 'latin1');
  payload.writeUInt16LE(code, 1);
  return toBytes({ sequence, payload });
}
