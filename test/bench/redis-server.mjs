/** A local Entra with a Redis, in a process of its own so that their work does not count as a client's. */
import 'reflect-metadata';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

const [tokenLifetimeInSeconds = 3600] = process.argv.slice(2).map(Number);
const entra = await startLocalEntra({ redis: true, tokenLifetimeInSeconds });
const { authorityHost, certificateAuthority, tenantId } = entra;
const { clientId, clientSecret, objectId } = entra.client;
const { host, port } = entra.redis;
const answers = {
  accepted: () => entra.redis.logins.accepted,
  failOnce: () => entra.faults.set('token', { kind: 'http-status', status: 503 }, { times: 1 }),
};
process.send({
  authorityHost,
  certificateAuthority,
  tenantId,
  client: { clientId, clientSecret, objectId },
  redis: { host, port },
});
process.once('disconnect', () => void entra.stop());
process.on('message', async (question) => process.send((await answers[question]()) ?? 'done'));
