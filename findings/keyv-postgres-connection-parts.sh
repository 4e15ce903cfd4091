#!/bin/sh
# @keyv/postgres 2.2.3 with pg 8.23.1: the options of a pool that its types take, host, port, user and password, do not count. The
# store always adds a URL, 'postgresql://localhost:5432' unless one is given, and pg lets a URL win. A store with a password
# function for a server elsewhere connects to localhost, or without user and password. `uri: undefined` keeps the parts.
# Two stores with one `uri` also share one pool, whose options are those of the first.
# Seen: no login at the given host without uri; an empty user with a uri; 'app' and its token with `uri: undefined`, also for a
# second store that asks for the user 'other'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @keyv/postgres@2.2.3 pg@8.23.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import KeyvPostgres from '@keyv/postgres';

// A PostgreSQL server that asks for a clear password, and answers every query with nothing.
const ready = [0x5a, 0, 0, 0, 5, 0x49];
let logins = [];
const server = net.createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', (startup) => {
    const words = startup.subarray(8).toString().split('\0');
    const user = words[words.indexOf('user') + 1];
    socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    socket.on('data', (message) => {
      const [type] = message;
      if (type === 0x70) {
        logins.push(`${user}:${message.subarray(5, -1)}`);
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, ...ready]));
      }
      if (type === 0x51) socket.write(Buffer.from([0x49, 0, 0, 0, 4, ...ready]));
      if (type === 0x50) {
        const empty = [0x31, 0, 0, 0, 4, 0x32, 0, 0, 0, 4, 0x6e, 0, 0, 0, 4, 0x49, 0, 0, 0, 4];
        socket.write(Buffer.from([...empty, ...ready]));
      }
    });
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address();
for (const name of Object.keys(process.env)) if (name.startsWith('PG')) delete process.env[name];

/** The logins of a store that reads once. */
async function loginsOf(options) {
  logins = [];
  const store = new KeyvPostgres({ connectionTimeoutMillis: 5_000, ...options });
  store.on('error', () => undefined);
  await store.get('key').catch(() => undefined);
  return logins;
}

const parts = { host: '127.0.0.1', port, user: 'app', database: 'notes', password: async () => 'token' };
const seen = {
  parts: await loginsOf(parts),
  uri: await loginsOf({ uri: `postgresql://127.0.0.1:${port}/notes`, user: 'app', password: async () => 'token' }),
  undefinedUri: await loginsOf({ ...parts, uri: undefined }),
  secondStore: await loginsOf({ ...parts, uri: undefined, user: 'other' }),
};
console.log(seen);
assert.deepEqual(seen.parts, []);
assert.match(seen.uri[0], /:$/);
assert.deepEqual(seen.undefinedUri, ['app:token']);
assert.deepEqual(seen.secondStore, []);
process.exit();
PROGRAM
node finding.mjs
