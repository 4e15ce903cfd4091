/** A replica of an API, in a process of its own: asks for the tokens of all users at once when it is told to. */
import { EntraUserTokenService } from 'nestjs-entra-auth/users';

import { startApplication } from './application.mjs';
import { connectRedis } from './plain-redis.mjs';
import { sharedUsers } from './users-shared.mjs';
import { oidIn } from './users-tokens.mjs';

const { endpoint, redis, assertions } = await new Promise((resolve) => process.once('message', resolve));
const client = await connectRedis(redis);
const { application, close } = await startApplication(sharedUsers(endpoint, client));
const users = application.get(EntraUserTokenService);
process.send('ready');
await new Promise((resolve) => process.once('message', resolve));
const start = performance.now();
const tokens = await Promise.all(
  assertions.map(async (assertion) => (await users.onBehalfOf(assertion).getToken('graph')).token),
);
const wrong = tokens.filter((token, n) => oidIn(token) !== oidIn(assertions[n])).length;
process.send({ wrong, seconds: (performance.now() - start) / 1e3, state: users.state() });
process.once('disconnect', async () => {
  await close();
  client.destroy();
});
