#!/bin/sh
# rate-limit-redis 6.0.1 with express-rate-limit 8: a limiter that was made while Redis could not be used never works. The store
# loads its scripts once, when the limiter is made, and keeps a failure of that for ever: each later request gets the error
# of the start, although the same client has connected and answers. Only NOSCRIPT makes it load the scripts again.
# Here the first password is refused, as a token that has just expired is. Needs redis-server on the PATH.
# Seen: 'The client is offline' before the login, PONG after it, and 'The client is offline' still for each request
set -eu
folder=$(mktemp -d)
port=$((20000 + $$ % 20000))
redis-server --port "$port" --bind 127.0.0.1 --save '' --requirepass fresh --dir "$folder" >"$folder/log" &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund rate-limit-redis@6.0.1 express-rate-limit@8.7.5 express@5.3.0 redis@6.3.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { RedisStore } from 'rate-limit-redis';
import { createClient } from 'redis';

/** What a request is answered with before and after the login. */
async function answers(isMadeAfterLogin) {
  let password = 'expired';
  const credentialsProvider = { type: 'async-credentials-provider', credentials: async () => ({ password }) };
  const socket = { host: '127.0.0.1', port: Number(process.argv[2]), reconnectStrategy: () => 50 };
  const client = createClient({ socket, credentialsProvider, disableOfflineQueue: true });
  client.on('error', () => {});
  const connected = client.connect();
  const makeServer = async () => {
    const store = new RedisStore({ sendCommand: (...command) => client.sendCommand(command) });
    const logger = { warn: () => {}, error: () => {} };
    const application = express();
    application.use(rateLimit({ windowMs: 60_000, limit: 10, store, logger }));
    application.get('/', (_, response) => response.send('served'));
    application.use((error, _request, response, _next) => response.status(500).send(error.message));
    const server = application.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ask = async () => (await fetch(`http://127.0.0.1:${server.address().port}/`)).text();
    return { ask, close: () => server.close() && server.closeAllConnections() };
  };
  let limited = isMadeAfterLogin ? undefined : await makeServer();
  const before = await limited?.ask();
  password = 'fresh';
  await connected;
  const ping = await client.ping();
  limited ??= await makeServer();
  const after = [await limited.ask(), await limited.ask()];
  limited.close();
  client.destroy();
  return { before, ping, after };
}

const seen = { madeBefore: await answers(false), madeAfter: await answers(true) };
console.log(seen);
const offline = 'The client is offline';
assert.deepEqual(seen, {
  madeBefore: { before: offline, ping: 'PONG', after: [offline, offline] },
  madeAfter: { before: undefined, ping: 'PONG', after: ['served', 'served'] },
});
process.exit();
PROGRAM
node finding.mjs "$port"
