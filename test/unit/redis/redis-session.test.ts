import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { openSession, type RedisSession } from '../../../lib/redis/redis-session.js';

const login = { username: 'the-oid', token: { token: 'the-token', expiresOnTimestamp: Infinity } };
const command = '*3\r\n$4\r\nAUTH\r\n$7\r\nthe-oid\r\n$9\r\nthe-token\r\n*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n';

let server: Server;
let received: string;
let peers: Socket[];

beforeEach(() => {
  received = '';
  peers = [];
});
afterEach(async () => {
  for (const peer of peers) peer.destroy();
  server.close();
  await once(server, 'close');
});

/** Logs in to a server that answers the two commands with these pieces. */
async function open(...pieces: string[]): Promise<RedisSession> {
  server = createServer((peer) => {
    peers.push(peer);
    peer.on('error', () => undefined);
    peer.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const write = (): void => {
        const piece = pieces.shift();
        if (piece === undefined) return;
        peer.write(piece);
        setImmediate(write);
      };
      if (received.length === command.length) write();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target = { host: '127.0.0.1', port, tls: false, verify: false } as const;
  return openSession(target, login, AbortSignal.timeout(10_000));
}

describe('a login', () => {
  it.each([
    ['in one piece', ['+OK\r\n:7\r\n']],
    ['in pieces', ['+O', 'K\r', '\n:', '7', '\r\n']],
  ])('that is answered %s has the id of the connection', async (_, pieces) => {
    const session = await open(...pieces);
    expect(received).toBe(command);
    expect(session).toMatchObject({ login, clientId: '7' });
  });

  it('leaves the socket to the client: it listens no more, and holds back what comes', async () => {
    const { socket } = await open('+OK\r\n:7\r\n');
    expect(socket.listenerCount('data')).toBe(0);
    expect(socket.listenerCount('close')).toBe(0);
    expect(socket.isPaused()).toBe(true);
  });

  it('has no id where the server refuses to tell', async () => {
    expect((await open("+OK\r\n-NOPERM can't run\r\n")).clientId).toBeUndefined();
  });

  it('that is refused ends the connection', async () => {
    await expect(open('-WRONGPASS no\r\n', '-NOAUTH\r\n')).rejects.toMatchObject({
      name: 'RedisLoginRefusedError',
      message: expect.stringContaining('WRONGPASS no'),
    });
    if (!peers[0]!.closed) await once(peers[0]!, 'close');
  });
});
