#!/bin/sh
# postgres.js 3.4.9: each rejection of the option socket costs the pool one connection for good.
# With max: 1 the first query fails with the reason; the second waits without an end, past connect_timeout.
# Seen: [ 'no route', 'pending' ]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund postgres@3.4.9
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
const { default: postgres } = await import('postgres');
const socket = () => Promise.reject(new Error('no route'));
const sql = postgres({ ...target, socket, max: 1, connect_timeout: 1, fetch_types: false });
const pending = new Promise((done) => setTimeout(done, 5000, 'pending'));
const ask = () => Promise.race([sql.unsafe('select 1').catch((error) => error.message), pending]);
const answers = [await ask(), await ask()];
console.log(answers);
assert.deepEqual(answers, ['no route', 'pending']);
process.exit();
PROGRAM
node finding.mjs
