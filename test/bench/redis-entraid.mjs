import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { ClientSecretCredential } from '@azure/identity';
import {
  DEFAULT_TOKEN_MANAGER_CONFIG,
  EntraIdCredentialsProviderFactory,
  REDIS_SCOPE_DEFAULT,
} from '@redis/entraid';
import { entraNodeRedisOptions } from 'nestjs-entra-auth/redis';
import { createClient } from 'redis';

import { clientSecretOf, startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const lives = 10;
const lifeInSeconds = 6;
const callers = 20;

/** Commands of node-redis that fail through ten lives of its tokens, when one token request fails in each. */
export async function failedCommands() {
  const sides = await Promise.all([startSide(oursOptions), startSide(entraidOptions)]);
  const [ours, peer] = await Promise.all(sides.map((side) => side.failed()));
  return atMost('redis/failed-commands-vs-entraid', 'commands', ours, 0, peer);
}

/** A server, whose requests the other side does not see, and a client under load. */
async function startSide(optionsOf) {
  const server = fork(new URL('redis-server.mjs', import.meta.url), [String(lifeInSeconds)]);
  const [entra] = await once(server, 'message');
  const ask = async (question) => {
    server.send(question);
    return (await once(server, 'message'))[0];
  };
  const [authority, id, secret, options] = clientSecretOf(entra);
  // What fails here is a request: the credential itself would repeat it, and no outage would be seen.
  const credential = () =>
    new ClientSecretCredential(authority, id, secret, { ...options, retryOptions: { maxRetries: 0 } });
  const socket = { ...entra.redis, tls: true, ca: entra.certificateAuthority };
  const { client: clientOptions, close } = await optionsOf(socket, credential);
  const client = createClient(clientOptions);
  client.on('error', () => undefined);
  await client.connect();
  return {
    async failed() {
      const end = Date.now() + lives * lifeInSeconds * 1e3;
      let failed = 0;
      const load = Array.from({ length: callers }, async () => {
        while (Date.now() < end) await client.set('key', 'value').catch(() => failed++);
      });
      while (Date.now() < end) {
        await ask('failOnce');
        await sleep(lifeInSeconds * 1e3);
      }
      await Promise.all(load);
      client.destroy();
      await close();
      server.disconnect();
      return failed;
    },
  };
}

async function oursOptions({ tls: _, ...socket }, credential) {
  const { tokens, close } = await startApplication({ credential, resources: { redis: {} } });
  const checkedClose = async () => {
    const [{ failures }] = tokens.state('redis');
    if (failures < lives - 1) throw new Error(`Only ${failures} token requests failed in ${lives} lives.`);
    await close();
  };
  return { client: entraNodeRedisOptions(tokens, { socket }), close: checkedClose };
}

async function entraidOptions(socket, credential) {
  const credentialsProvider = EntraIdCredentialsProviderFactory.createForDefaultAzureCredential({
    credential: credential(),
    scopes: REDIS_SCOPE_DEFAULT,
    tokenManagerConfig: DEFAULT_TOKEN_MANAGER_CONFIG,
    onReAuthenticationError: () => undefined,
  });
  return { client: { socket, credentialsProvider }, close: () => undefined };
}
