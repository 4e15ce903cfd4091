#!/bin/sh
# ioredis 6.0.0: disconnect(true), which asks to reconnect, leaves the decision to retryStrategy.
# A client whose retryStrategy returns nothing, since it should not retry after faults, ends for good.
# Seen: 'ready' with a retryStrategy that returns a delay, 'end' with one that returns undefined
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import { Redis } from 'ioredis';

// A Redis server that accepts every command.
const server = net.createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    for (const _ of data.toString().matchAll(/^\*\d+\r$/gm)) socket.write('+OK\r\n');
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

async function statusAfterReconnect(retryStrategy) {
  const { port } = server.address();
  const client = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false, lazyConnect: true, retryStrategy });
  client.on('error', () => undefined);
  await client.connect();
  client.disconnect(true);
  await new Promise((done) => setTimeout(done, 500));
  return client.status;
}

const seen = [await statusAfterReconnect(() => 1), await statusAfterReconnect(() => undefined)];
console.log(seen);
assert.deepEqual(seen, ['ready', 'end']);
process.exit();
PROGRAM
node finding.mjs
