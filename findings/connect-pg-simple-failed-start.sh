#!/bin/sh
# connect-pg-simple 10.0.0 with `createTableIfMissing`: a store whose first query fails never works. It looks for the table before
# that query, and keeps the promise of that look for ever, a rejected one too. When a token could not be had for the first
# login, or the database was not up yet, each later request with a session gets that old error, although the same pool
# answers. Without the option the store works as soon as the pool does.
# Seen: with the option 'no token' for each request, 'answers' for the pool; without it 'no token', then a session
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund connect-pg-simple@10.0.0 express-session@1.19.0 pg@8.23.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
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
const row = [message('T', [0, 1], ...column), message('D', [0, 1, 0, 0, 0, 2], '{}'), message('C', 'SELECT 1\0')];

// A PostgreSQL server that asks for a clear password, and has one row for each query: an empty session.
const server = net.createServer((socket) => {
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
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

/** Four requests of a session, the first of which finds no token, and a query of the same pool. */
async function requests(createTableIfMissing) {
  let logins = 0;
  const password = async () => {
    if (++logins === 1) throw new Error('no token');
    return 'token';
  };
  const target = { host: '127.0.0.1', port: server.address().port, user: 'app', database: 'notes' };
  const pool = new pg.Pool({ ...target, password });
  const PgStore = connectPgSimple(session);
  const store = new PgStore({ pool, createTableIfMissing, pruneSessionInterval: false });
  const outcomes = [];
  for (let n = 0; n < 4; n++) {
    outcomes.push(
      await new Promise((done) => store.get('id', (error, data) => done(error?.message ?? JSON.stringify(data)))),
    );
  }
  const query = await pool.query('select 1').then(() => 'answers');
  return { outcomes, pool: query };
}

const creating = await requests(true);
const plain = await requests(false);
console.log({ creating, plain });
assert.deepEqual(creating, { outcomes: Array(4).fill('no token'), pool: 'answers' });
assert.deepEqual(plain, { outcomes: ['no token', '{}', '{}', '{}'], pool: 'answers' });
process.exit();
PROGRAM
node finding.mjs
