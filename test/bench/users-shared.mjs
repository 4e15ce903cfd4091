/** The cache that replicas share, with Redis between them. */
import { fork } from 'node:child_process';

import { EntraUserTokenService, RedisTokenCache } from 'nestjs-entra-auth/users';

import { startApplication } from './application.mjs';
import { median } from './paired.mjs';
import { connectRedis, startRedis } from './plain-redis.mjs';
import { atMost, atMostTimes } from './report.mjs';
import { assertionOf, clientId, oidIn, tenantId } from './users-tokens.mjs';

const range = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n);
const keys = { current: '1', keys: { 1: Buffer.from(range(32)) } };

/** The options of an application whose users' tokens are shared by Redis. */
export function sharedUsers({ authorityHost, certificateAuthority }, client) {
  return {
    startup: 'lazy',
    users: {
      client: {
        ...{ tenantId, clientId, clientSecret: 'a secret of ours', authorityHost, certificateAuthority },
        // Eight processes and a server on two cores.
        requestTimeoutInMs: 60_000,
      },
      resources: { graph: { scopes: ['User.Read'] } },
      cache: { shared: { store: new RedisTokenCache({ client }), keys } },
    },
  };
}

/** @param requests asks the server how many came so far */
export async function shared(endpoint, requests) {
  const redis = await startRedis();
  try {
    return [await levelTwoHit(endpoint, redis.url), await fleet(endpoint, redis.url, requests)];
  } finally {
    redis.stop();
  }
}

/** Eight processes, and a thousand users who are asked for on all of them at once. */
async function fleet(endpoint, redis, requests) {
  const assertions = range(1_000, 500_000).map(assertionOf);
  const before = await requests();
  const replicas = range(8).map(() => fork(new URL('users-replica.mjs', import.meta.url)));
  const answerOf = (replica) =>
    new Promise((resolve, reject) => {
      replica.once('message', resolve);
      replica.once('exit', (code) => reject(new Error(`A replica ended with ${code}.`)));
    });
  await Promise.all(
    replicas.map((replica) => {
      replica.send({ endpoint, redis, assertions });
      return answerOf(replica);
    }),
  );
  const done = replicas.map(answerOf);
  for (const replica of replicas) replica.send('go');
  const reports = await Promise.all(done);
  for (const replica of replicas) replica.disconnect();
  if (reports.some(({ wrong }) => wrong > 0)) throw new Error('A user got the token of another.');
  process.stderr.write(`fleet: ${reports.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s\n`);
  return atMost('users/fleet-requests', 'requests', (await requests()) - before, 1_010, 8_000);
}

/** Tokens that another replica has stored, compared with plain GETs of as many bytes, each after the other. */
async function levelTwoHit(endpoint, url) {
  const count = 4_000;
  const assertions = range(count, 600_000).map(assertionOf);
  const client = await connectRedis(url);
  const other = await startApplication(sharedUsers(endpoint, client));
  const obtain = (application, assertion) =>
    application.get(EntraUserTokenService).onBehalfOf(assertion).getToken('graph');
  for (const assertion of assertions) await obtain(other.application, assertion);
  const [name] = await client.keys('*}');
  await client.set('plain', 'x'.repeat(await client.strLen(name)));
  await other.close();

  const ours = await startApplication(sharedUsers(endpoint, client));
  const times = { ours: [], plain: [] };
  for (const assertion of assertions) {
    const start = process.hrtime.bigint();
    const { token } = await obtain(ours.application, assertion);
    const between = process.hrtime.bigint();
    await client.get('plain');
    times.plain.push(Number(process.hrtime.bigint() - between) / 1e3);
    times.ours.push(Number(between - start) / 1e3);
    if (oidIn(token) !== oidIn(assertion)) throw new Error('A user got the token of another.');
  }
  const { hits } = ours.application.get(EntraUserTokenService).state().shared;
  if (hits !== count) throw new Error(`${hits} of ${count} came from the cache.`);
  await ours.close();
  client.destroy();
  const [mine, plain] = [times.ours, times.plain].map((all) => median(all.slice(count / 4)));
  return atMostTimes('users/level2-hit-p50-vs-redis-get', 'us', mine, plain, 1.6);
}
