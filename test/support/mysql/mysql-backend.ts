import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import mysql from 'mysql2';

/** All that `mysql2` can do as a server; without TLS, compression and multi-factor authentication. */
const capabilityFlags = 0xffffff & ~0x0800 & ~0x0020;

interface Session {
  id: number;
  user: string;
}

/** The few questions that TypeORM and the tests ask. */
const answers: readonly [RegExp, (session: Session) => Promise<unknown>][] = [
  [/^select version\(\) as /i, () => Promise.resolve('8.0.40')],
  [/^select database\(\) as /i, () => Promise.resolve('notes')],
  [/^select connection_id\(\) as /i, ({ id }) => Promise.resolve(id)],
  [/^select current_user\(\) as /i, ({ user }) => Promise.resolve(`${user}@%`)],
  [/^select connection_id\(\) \+ sleep\(0\.05\) as /i, ({ id }) => sleep(50, id)],
];

/** The wire protocol of MySQL, spoken by `mysql2` itself: lets everybody in, and knows a handful of questions. */
export async function startMySqlBackend(): Promise<{ port: number; stop: () => Promise<void> }> {
  let nextId = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const session: Session = { id: ++nextId, user: '' };
    const connection = mysql.createConnection({ isServer: true, stream: socket });
    connection.on('error', () => socket.destroy());
    connection.on('query', (sql: string) => {
      void answer(connection, session, sql).finally(() => (connection.sequenceId = 0));
    });
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.40',
      connectionId: session.id,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags,
      authCallback: ({ user }: { user: string }, accept: (error: null) => void) => {
        session.user = user;
        accept(null);
        connection.sequenceId = 0;
      },
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

async function answer(connection: mysql.Connection, session: Session, sql: string): Promise<void> {
  const found = answers.find(([question]) => question.test(sql));
  const name = / as `?(\w+)`?$/i.exec(sql)?.[1];
  if (found === undefined || name === undefined) {
    connection.writeError({ code: 1064, message: `No answer to: ${sql}` });
    return;
  }
  const value = await found[1](session);
  connection.writeTextResult([{ [name]: String(value) }], [columnOf(name)]);
}

const columnOf = (name: string): object => ({
  catalog: 'def',
  schema: '',
  table: '',
  orgTable: '',
  name,
  orgName: name,
  characterSet: 45,
  columnLength: 255,
  columnType: 253,
  flags: 0,
  decimals: 0,
});
