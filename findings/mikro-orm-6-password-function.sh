#!/bin/sh
# MikroORM 6.6.16: a password function inside driverOptions.connection, meant for pg, is called once all the same.
# Its answer serves every later connection.
# Seen: { asked: 1, several: true }
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @mikro-orm/core@6.6.16 @mikro-orm/postgresql@6.6.16
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
const { MikroORM } = await import('@mikro-orm/postgresql');
let asked = 0;
const password = () => `token ${++asked}`;
const discovery = { warnWhenNoEntities: false };
const { host, port, user, database: dbName } = target;
const driverOptions = { version: '18', connection: { password } };
const orm = await MikroORM.init({ host, port, user, dbName, driverOptions, discovery, entities: [], connect: false });
const query = () => orm.em.getConnection().getKnex().raw('select 1');
await query();
await Promise.all([query(), query(), query()]);
console.log({ asked, several: logins > 1 });
assert.deepEqual({ asked, several: logins > 1 }, { asked: 1, several: true });
process.exit();
PROGRAM
node finding.mjs
