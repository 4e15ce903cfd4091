#!/bin/sh
# connect-session-knex 5.0.0 with express-session 1.19.0: a query of the store that fails ends the process. `get`, `set` and `destroy` report
# the error to their callback, and then throw it as well. express-session looks at the callback alone, as the interface of its
# stores has it, so what is thrown is an unhandled rejection. One request with a session during an outage, here one in which no
# token can be had for a new connection, stops the server for everybody. connect-pg-simple 10.0.0 answers that request with 500.
# Seen: connect-session-knex: 200, then exit code 1 with 'no token'; connect-pg-simple: 200, 500, and 200 after the outage
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund connect-session-knex@5.0.0 connect-pg-simple@10.0.0 express-session@1.19.0 \
  express@5.3.0 knex@3.3.0 pg@8.23.1 cookie-signature@1.2.2
cat >server.mjs <<'PROGRAM'
import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { sign } from 'cookie-signature';
import connectPgSimple from 'connect-pg-simple';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import express from 'express';
import session from 'express-session';
import knex from 'knex';
import pg from 'pg';

const message = (type, ...parts) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const column = ['sess\0', [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]];
const ready = message('Z', 'I');
const stored = '{"cookie":{"originalMaxAge":null}}';
const row = [message('T', [0, 1], ...column), message('D', [0, 1, 0, 0, 0, stored.length], stored), message('C', 'SELECT 1\0')];

// A PostgreSQL server that asks for a clear password, and has one row for each query: an empty session.
const sockets = new Set();
const database = net.createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.write(message('R', [0, 0, 0, 3]));
    socket.on('data', ([type]) => {
      if (type === 0x70) socket.write(Buffer.concat([message('R', [0, 0, 0, 0]), ready]));
      if (type === 0x51) socket.write(Buffer.concat([...row, ready]));
      if (type === 0x50) socket.write(Buffer.concat([message('1'), message('2'), ...row, ready]));
      if (type === 0x58) socket.end();
    });
  });
});
await once(database.listen(0, '127.0.0.1'), 'listening');

let isDown = false;
const password = async () => {
  if (isDown) throw new Error('no token');
  return 'token';
};
const target = { host: '127.0.0.1', port: database.address().port, user: 'app', database: 'notes', password };
const stores = {
  'connect-session-knex': () => {
    const log = { warn() {}, error() {} };
    return new ConnectSessionKnexStore({ knex: knex({ client: 'pg', version: '18', connection: target, log }), cleanupInterval: 0 });
  },
  'connect-pg-simple': () => {
    const pool = new pg.Pool(target);
    pool.on('error', () => {});
    return new (connectPgSimple(session))({ pool, pruneSessionInterval: false });
  },
};
const store = stores[process.argv[2]]();
const application = express();
application.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false, name: 'sid' }));
application.get('/', (_, response) => response.send('served'));
application.use((error, _request, response, _next) => response.status(500).send(error.message));
const server = application.listen(0, '127.0.0.1');
await once(server, 'listening');
const cookie = `sid=${encodeURIComponent(`s:${sign('id', 'secret')}`)}`;
const ask = async () => {
  const { status } = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: { cookie } });
  console.log(status);
};
await ask();
isDown = true;
for (const socket of sockets) socket.destroy();
await sleep(500);
await ask();
isDown = false;
await ask();
process.exit();
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

function run(store) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['server.mjs', store], { encoding: 'utf8' });
  return { status, answers: stdout.trim().split('\n'), reason: /^Error: .*$/m.exec(stderr)?.[0] };
}

const seen = { knex: run('connect-session-knex'), simple: run('connect-pg-simple') };
console.log(seen);
assert.equal(seen.knex.status, 1);
assert.equal(seen.knex.answers[0], '200');
assert.ok(seen.knex.answers.length <= 2);
assert.equal(seen.knex.reason, 'Error: no token');
assert.deepEqual(seen.simple, { status: 0, answers: ['200', '500', '200'], reason: undefined });
PROGRAM
node finding.mjs
