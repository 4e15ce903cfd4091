import { expect, it } from '@jest/globals';

import { ClientRoster } from '../../../lib/redis/client-roster.js';
import { RedisLogins } from '../../../lib/redis/redis-logins.js';
import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

function roster() {
  const { service, credential } = createEngine({ resources: { redis: {} } });
  credential.answer(() => credential.issue({ token: jwt({ oid: 'the-oid', id: Math.random() }) }));
  const refresh = async (): Promise<string> => {
    const { token } = await service.refresh('redis');
    await new Promise(setImmediate);
    return token;
  };
  const connection = () => {
    const tokens: string[] = [];
    return { tokens, present: ({ token }: { token: { token: string } }) => tokens.push(token.token) > 0 };
  };
  return { clients: new ClientRoster(new RedisLogins(service, {})), refresh, connection };
}

it('presents each new token to all that are open, also after another has closed', async () => {
  const { clients, refresh, connection } = roster();
  const [one, other] = [connection(), connection()];
  clients.add(one);
  clients.add(other);
  const first = await refresh();
  clients.remove(other);
  const second = await refresh();
  expect([one.tokens, other.tokens]).toEqual([[first, second], [first]]);
});

it('listens to no token when all have closed, and again to the next when one opens', async () => {
  const { clients, refresh, connection } = roster();
  const one = connection();
  clients.add(one);
  clients.remove(one);
  await refresh();
  clients.add(one);
  const token = await refresh();
  expect(one.tokens).toEqual([token]);
});
