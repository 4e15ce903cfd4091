#!/bin/sh
# redis 6.3.1 (node-redis): a user name or password in `url` replaces the option `credentialsProvider`, a streaming one too, as
# well as `username` and `password`. The provider is never asked, and nothing is told. A URL that was left as it was when a
# client moved from an access key to tokens goes on logging in with the key; one with a user name alone logs in as 'default'.
# ioredis 6.0.0 gives the URL the same precedence over its options. Needs redis-server on the PATH.
# Seen: logged in as 'app', asked once, without either in the URL; as 'key', never asked, with both; as 'default' with a user name
set -eu
folder=$(mktemp -d)
port=$((20000 + $$ % 20000))
printf 'port %s\nbind 127.0.0.1\nsave ""\ndir %s\nuser default on nopass ~* +@all\n' "$port" "$folder" >"$folder/conf"
printf 'user app on >token ~* +@all\nuser key on >secret ~* +@all\n' >>"$folder/conf"
redis-server "$folder/conf" >"$folder/log" &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund redis@6.3.1 ioredis@6.0.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const host = `127.0.0.1:${process.argv[2]}`;
const credentials = { username: 'app', password: 'token' };

/** The user that a client of node-redis logs in as, and how often its provider was asked. */
async function login(url, type) {
  let asked = 0;
  const credentialsProvider = {
    type,
    credentials: async () => (asked++, credentials),
    subscribe: async () => (asked++, [credentials, { dispose: () => {} }]),
    onReAuthenticationError: () => {},
  };
  const client = createClient({ url, credentialsProvider, socket: { reconnectStrategy: false } });
  client.on('error', () => {});
  await client.connect();
  const user = await client.sendCommand(['ACL', 'WHOAMI']);
  client.destroy();
  return `${user}, asked ${asked}`;
}
async function loginOfIoredis(url) {
  const client = new Redis(url, { ...credentials, lazyConnect: true });
  await client.connect();
  const user = await client.call('ACL', 'WHOAMI');
  client.disconnect();
  return user;
}

const seen = {};
for (const authority of [host, `app@${host}`, `key:secret@${host}`]) {
  const url = `redis://${authority}`;
  seen[authority.replace(host, 'host')] = [
    await login(url, 'async-credentials-provider'),
    await login(url, 'streaming-credentials-provider'),
  ];
}
seen.ioredis = [await loginOfIoredis(`redis://${host}`), await loginOfIoredis(`redis://key:secret@${host}`)];
console.log(seen);
assert.deepEqual(seen, {
  host: ['app, asked 1', 'app, asked 1'],
  'app@host': ['default, asked 0', 'default, asked 0'],
  'key:secret@host': ['key, asked 0', 'key, asked 0'],
  ioredis: ['app', 'key'],
});
PROGRAM
node finding.mjs "$port"
