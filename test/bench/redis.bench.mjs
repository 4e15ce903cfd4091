import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { ClientSecretCredential } from '@azure/identity';
import { Redis } from 'ioredis';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import { clientSecretOf, startApplication } from './application.mjs';
import { inPairs } from './paired.mjs';
import { failedCommands } from './redis-entraid.mjs';
import { atMost, atMostTimes } from './report.mjs';

const commands = 10_000;
const perRound = 50;
const connections = 200;
const refreshes = 10;

/**
 * Commands of a client that is kept logged in, the event loop while two hundred connections log in anew, and the commands that
 * fail beside `@redis/entraid`.
 */
export async function run() {
  const server = fork(new URL('redis-server.mjs', import.meta.url));
  const [entra] = await once(server, 'message');
  const ours = await startApplication({
    credential: () => new ClientSecretCredential(...clientSecretOf(entra)),
    resources: { redis: {} },
  });
  const options = { ...entra.redis, tls: { ca: entra.certificateAuthority } };
  const create = () => keepAuthenticated(new Redis(entraRedisOptions(ours.tokens, options)), ours.tokens);
  const results = [
    await besidePlain(entra, ours, options, create),
    await manyConnections(server, ours, create),
  ];
  await ours.close();
  server.disconnect();
  return [...results, await failedCommands()];
}

async function besidePlain({ client: { objectId } }, { tokens }, options, create) {
  const { token } = await tokens.getToken('redis');
  const clients = { ours: create(), peer: new Redis({ ...options, username: objectId, password: token }) };
  const round = async (client) => {
    const start = process.hrtime.bigint();
    for (let n = 0; n < perRound; n++) await client.set('key', 'value');
    return Number(process.hrtime.bigint() - start) / perRound / 1e3;
  };
  const us = await inPairs(
    { ours: () => round(clients.ours), peer: () => round(clients.peer) },
    { warmUpPairs: 20, pairs: commands / perRound },
  );
  for (const client of Object.values(clients)) client.disconnect();
  return atMostTimes('redis/vs-plain-client', 'us', us.ours, us.peer, 1.02);
}

async function manyConnections(server, { tokens }, create) {
  const accepted = async () => {
    server.send('accepted');
    const [count] = await once(server, 'message');
    return count;
  };
  const clients = Array.from({ length: connections }, create);
  await Promise.all(clients.map((client) => client.ping()));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let refresh = 0; refresh < refreshes; refresh++) {
    const before = await accepted();
    delay.enable();
    await tokens.refresh('redis');
    await sleep(500);
    delay.disable();
    const count = (await accepted()) - before;
    if (count < connections) throw new Error(`Only ${count} of ${connections} connections logged in anew.`);
  }
  for (const client of clients) client.disconnect();
  return atMost('redis/200-connections-event-loop-p99-ms', 'ms', delay.percentile(99) / 1e6, 10);
}
