#!/bin/sh
# redis 6.3.1: each connection of a client subscribes to its streaming credentials provider once more.
# Only the last subscription is disposed of when the client is destroyed, so a client that reconnects leaves the others.
# Seen: after five reconnects and destroy(), 6 subscriptions and 1 disposal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund redis@6.3.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import { createClient } from 'redis';

// A Redis server that accepts what a client sends when it connects.
const sockets = new Set();
const server = net.createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    for (const [command] of data.toString().matchAll(/^(HELLO|CLIENT)\r$/gim)) {
      socket.write(/^HELLO/i.test(command) ? '%1\r\n$5\r\nproto\r\n:3\r\n' : '+OK\r\n');
    }
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
let subscriptions = 0;
let disposals = 0;
const credentialsProvider = {
  type: 'streaming-credentials-provider',
  subscribe() {
    subscriptions++;
    return Promise.resolve([{ username: 'app', password: 'secret' }, { dispose: () => void disposals++ }]);
  },
  onReAuthenticationError: () => undefined,
};
const socket = { host: '127.0.0.1', port: server.address().port, reconnectStrategy: () => 1 };
const client = createClient({ socket, credentialsProvider });
client.on('error', () => undefined);
await client.connect();
for (let n = 0; n < 5; n++) {
  const ready = new Promise((again) => client.once('ready', again));
  for (const connection of sockets) connection.destroy();
  sockets.clear();
  await ready;
}
client.destroy();
console.log(`${subscriptions} subscriptions, ${disposals} disposal`);
assert.deepEqual([subscriptions, disposals], [6, 1]);
process.exit();
PROGRAM
node finding.mjs
