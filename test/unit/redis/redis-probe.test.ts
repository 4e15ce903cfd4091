import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { RedisLoginRefusedError } from '../../../lib/redis/redis-login-refused.error.js';
import { RedisProbe } from '../../../lib/redis/redis-probe.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const authority = new CertificateAuthority();
const sockets = new Set<TLSSocket>();
let replies: { login: string; ping: string };
let server: Server;

beforeAll(async () => {
  server = createServer(authority.issueServerCertificate(), (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const reply = chunk.includes('PING') ? replies.ping : replies.login;
      if (reply !== '') socket.write(reply);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await once(server.close(), 'close');
});

function probe() {
  const { service, credential, events } = createEngine({ resources: { redis: {} } });
  credential.answer(() => credential.issue({ token: jwt({ oid: 'the-oid' }) }));
  const { port } = server.address() as AddressInfo;
  const tls = { ca: authority.certificate };
  const refusals = () => events.filter(({ type }) => type === 'login-refused');
  return { one: new RedisProbe(service, { host: 'localhost', port, tls }), refusals };
}

it.each([
  ['+OK\r\n:7\r\n', '+PONG\r\n', undefined],
  ['+OK\r\n:7\r\n', '-LOADING Redis is loading\r\n', 'The reply to PING is -LOADING Redis is loading.'],
])('ends with the reply to PING: %j, %j', async (login, ping, message) => {
  replies = { login, ping };
  const failure = await probe()
    .one.run(AbortSignal.timeout(10_000))
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
  expect(failure).toBe(message);
});

it('fails with the refusal of the login, and reports it', async () => {
  replies = { login: '-WRONGPASS invalid\r\n-NOAUTH required\r\n', ping: '+PONG\r\n' };
  const { one, refusals } = probe();
  const run = one.run(AbortSignal.timeout(10_000));
  await expect(run).rejects.toBeInstanceOf(RedisLoginRefusedError);
  await expect(run).rejects.toThrow(/WRONGPASS/);
  expect(refusals()).toHaveLength(1);
});

it.each([
  ['login', { login: '', ping: '' }],
  ['PING', { login: '+OK\r\n:7\r\n', ping: '' }],
])('ends with its signal while the reply to %s does not come', async (_, silent) => {
  replies = silent;
  const deadline = new AbortController();
  const run = probe().one.run(deadline.signal);
  run.catch(() => undefined);
  await once(server, 'secureConnection');
  const reason = new Error('too late');
  setTimeout(() => deadline.abort(reason), 100);
  await expect(run).rejects.toBe(reason);
});
