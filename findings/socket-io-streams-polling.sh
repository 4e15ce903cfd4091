#!/bin/sh
# @socket.io/redis-streams-adapter 0.3.1 with redis 6.3.1 (node-redis) and `disableOfflineQueue`: one broken connection hangs the process for good. The
# adapter reads its stream in a loop that begins again at once when a read fails. Without the queue a read fails before
# anything else can run, so that the loop never lets go: no request is answered, no signal handled, and the connection
# that would end the loop is not made, also when Redis has long been back. Azure breaks each connection whose token has
# expired. The same holds for a client whose `reconnectStrategy` gives up. With the queue the process goes on, and so it
# does with @socket.io/redis-adapter 8.3.0. Needs redis-server on the PATH.
# Seen: 'served' before, no answer within 3 s after the break, without the queue; 'served' before and after in the two other cases
set -eu
folder=$(mktemp -d)
port=$((20000 + $$ % 20000))
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >"$folder/log" &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @socket.io/redis-streams-adapter@0.3.1 @socket.io/redis-adapter@8.3.0 \
  socket.io@4.8.4 redis@6.3.1
cat >application.mjs <<'PROGRAM'
import { createServer } from 'node:http';
import { createAdapter as createPubSubAdapter } from '@socket.io/redis-adapter';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, kind, disableOfflineQueue] = process.argv.slice(2);
const socket = { host: '127.0.0.1', port: Number(port), reconnectStrategy: () => 100 };
const client = createClient({ socket, disableOfflineQueue: disableOfflineQueue === 'true' });
client.on('error', () => {});
await client.connect();
const subscriber = client.duplicate();
subscriber.on('error', () => {});
await subscriber.connect();
const server = createServer((_, response) => response.end('served'));
const adapter = kind === 'streams' ? createAdapter(client) : createPubSubAdapter(client, subscriber);
new Server(server, { adapter });
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

const port = process.argv[2];
const admin = createClient({ socket: { host: '127.0.0.1', port: Number(port) } });
await admin.connect();

/** What an application answers before and after its connections to Redis break. */
async function answers(...options) {
  const application = fork('application.mjs', [port, ...options], { stdio: 'inherit' });
  const [own] = await once(application, 'message');
  const ask = () =>
    fetch(`http://127.0.0.1:${own}/`, { signal: AbortSignal.timeout(3_000) }).then(
      (response) => response.text(),
      ({ name }) => name,
    );
  await sleep(1_000);
  const before = await ask();
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await sleep(1_000);
  const after = await ask();
  application.kill('SIGKILL');
  return { before, after };
}

const seen = {
  withoutQueue: await answers('streams', 'true'),
  withQueue: await answers('streams', 'false'),
  pubSub: await answers('pub-sub', 'true'),
};
console.log(seen);
assert.deepEqual(seen, {
  withoutQueue: { before: 'served', after: 'TimeoutError' },
  withQueue: { before: 'served', after: 'served' },
  pubSub: { before: 'served', after: 'served' },
});
process.exit();
PROGRAM
node finding.mjs "$port"
