#!/bin/sh
# postgres.js 3.4.9: a password function that rejects is an unhandled rejection, which ends a process by default.
# The query does not learn of it: it fails with CONNECT_TIMEOUT when connect_timeout is over (30 s by default).
# Seen: { unhandled: 1, code: 'CONNECT_TIMEOUT' }
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
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);
const password = () => Promise.reject(new Error('no token'));
const sql = postgres({ ...target, password, connect_timeout: 1, fetch_types: false });
const error = await sql.unsafe('select 1').simple().catch((reason) => reason);
console.log({ unhandled, code: error.code });
assert.deepEqual({ unhandled, code: error.code }, { unhandled: 1, code: 'CONNECT_TIMEOUT' });
process.exit();
PROGRAM
node finding.mjs
