#!/bin/sh
# mysql2 3.24.6: an error that an authentication plug-in rejects with gets `code = 'AUTH_SWITCH_PLUGIN_ERROR'` and `fatal = true`, on the
# object itself. The code that tells an outage of the token endpoint (ECONNREFUSED) from a mistake is gone, and not only for
# the caller of the connection: a cache, a retry or a metric that holds the same object reads the new one, too. Nothing keeps
# the old. pg 8.23.1 rejects with the error of its password function as it is.
# Seen: AUTH_SWITCH_PLUGIN_ERROR and fatal on the plug-in's own object; ECONNREFUSED from pg
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mysql2@3.24.6 pg@8.23.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import mysql from 'mysql2/promise';
import pg from 'pg';

function packet(number, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head.writeUInt8(number, 3);
  return Buffer.concat([head, body]);
}
const plugin = 'mysql_clear_password\0';
const challenge = '01234567890123456789\0';
// Version 10, one connection, and the capabilities of protocol 4.1 with authentication plug-ins.
const greeting = packet(
  0,
  [10], '8.4.0\0', [1, 0, 0, 0], challenge.slice(0, 8), [0], [0x00, 0x82], [45], [2, 0], [0x08, 0x00],
  [21], Buffer.alloc(10), challenge.slice(8), 'mysql_native_password\0',
);
const authSwitch = packet(2, [0xfe], plugin, challenge);
async function listen(serve) {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { host: '127.0.0.1', port: server.address().port, user: 'app', database: 'notes' };
}
const mysqlServer = await listen((socket) => {
  socket.write(greeting);
  socket.once('data', () => socket.write(authSwitch));
});
const postgresServer = await listen((socket) => {
  socket.once('data', () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])));
});

const outage = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const mysqlReason = outage();
const authPlugins = { mysql_clear_password: () => () => Promise.reject(mysqlReason) };
const mysqlError = await mysql.createConnection({ ...mysqlServer, authPlugins }).catch((error) => error);
const postgresReason = outage();
const client = new pg.Client({ ...postgresServer, password: () => Promise.reject(postgresReason) });
const postgresError = await client.connect().catch((error) => error);

const seen = {
  mysql: { isReason: mysqlError === mysqlReason, code: mysqlReason.code, fatal: mysqlReason.fatal, cause: mysqlReason.cause },
  postgres: { isReason: postgresError === postgresReason, code: postgresReason.code, fatal: postgresReason.fatal },
};
console.log(seen);
assert.deepEqual(seen, {
  mysql: { isReason: true, code: 'AUTH_SWITCH_PLUGIN_ERROR', fatal: true, cause: undefined },
  postgres: { isReason: true, code: 'ECONNREFUSED', fatal: undefined },
});
process.exit();
PROGRAM
node finding.mjs
