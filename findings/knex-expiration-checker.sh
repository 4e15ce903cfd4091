#!/bin/sh
# Knex 3.3.0, client pg: an expirationChecker that always returns true makes every query fail, the first included.
# Each new connection is checked before its first use, found expired and closed; the next one logs in at once.
# Seen: KnexTimeoutError after many logins (about 350 in 2 s)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund knex@3.3.0 pg@8.23.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';

// A PostgreSQL server that asks for a clear password, and answers every simple query with nothing.
const ready = [0x5a, 0, 0, 0, 5, 0x49];
const open = new Set();
let logins = 0;
const server = net.createServer((socket) => {
  open.add(socket);
  socket.on('close', () => open.delete(socket));
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    socket.on('data', ([type]) => {
      if (type === 0x70) socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, ...ready]), () => logins++);
      if (type === 0x51) socket.write(Buffer.from([0x49, 0, 0, 0, 4, ...ready]));
      if (type === 0x58) socket.end();
    });
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const target = { host: '127.0.0.1', port: server.address().port, user: 'app', database: 'notes' };
const { default: knex } = await import('knex');
const connection = async () => ({ ...target, password: 'token', expirationChecker: () => true });
const log = { warn: () => undefined, error: () => undefined };
const database = knex({ client: 'pg', version: '18', acquireConnectionTimeout: 2000, log, connection });
const error = await database.raw('select 1').catch((reason) => reason);
console.log(error.name, logins > 20 ? 'after many logins' : `after ${logins} logins`);
assert.equal(error.name, 'KnexTimeoutError');
assert.ok(logins > 20);
process.exit();
PROGRAM
node finding.mjs
