/** A local Entra with a Redis, in a process of its own so that their work does not count as a client's. */
import 'reflect-metadata';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

const entra = await startLocalEntra({ redis: true, tokenLifetimeInSeconds: 3600 });
const { authorityHost, certificateAuthority, tenantId } = entra;
const { clientId, clientSecret, objectId } = entra.client;
const { host, port } = entra.redis;
process.send({
  authorityHost,
  certificateAuthority,
  tenantId,
  client: { clientId, clientSecret, objectId },
  redis: { host, port },
});
process.once('disconnect', () => void entra.stop());
process.on('message', () => process.send(entra.redis.logins.accepted));
