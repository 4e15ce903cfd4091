#!/bin/sh
# Knex 3.3.0, client pg 8.23.1: a password function that rejects leaves its connection open.
# The query fails with the reason, but the socket stays, after destroy() too, until the server ends it.
# Seen: five times 'no token', then '5 connections open after destroy()'
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
const password = () => Promise.reject(new Error('no token'));
const log = { warn: () => undefined, error: () => undefined };
const database = knex({ client: 'pg', version: '18', log, connection: { ...target, password } });
const failed = Array.from({ length: 5 }, () => database.raw('select 1').catch((error) => error.message));
console.log(await Promise.all(failed));
await database.destroy();
await new Promise((done) => setTimeout(done, 500));
console.log(`${open.size} connections open after destroy()`);
assert.equal(open.size, 5);
process.exit();
PROGRAM
node finding.mjs
