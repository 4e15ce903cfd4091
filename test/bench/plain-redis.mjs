/** A `redis-server` on a port of its own, without a password, and clients of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { createClient } from 'redis';

export async function startRedis() {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  });
  await once(server, 'spawn');
  const url = `redis://127.0.0.1:${port}`;
  for (;;) {
    try {
      (await connectRedis(url, false)).destroy();
      return { url, stop: () => server.kill('SIGKILL') };
    } catch (error) {
      if (server.exitCode !== null) throw error;
      await sleep(20);
    }
  }
}

export async function connectRedis(url, reconnectStrategy = 100) {
  const client = createClient({ url, socket: { reconnectStrategy } });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
