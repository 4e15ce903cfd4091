#!/bin/sh
# @quixo3/prisma-session-store 3.1.21 with express-session 1.19.0: a session that cannot be read counts as one that does not exist. `get`
# turns each error of Prisma into "no session", such as one for a login for which no token could be had. express-session then
# begins a new session, and an application that writes to it, as for a counter or a CSRF token, replaces the user's cookie: a
# moment's outage signs out everybody who sent a request during it, and nothing is logged. connect-pg-simple 10.0.0 hands the
# error on: 500, and the same session afterwards. The client is an object with the methods that the store calls, since
# PrismaClient has to be generated.
# Seen: nora, 200 for nobody with a new cookie, nobody afterwards; connect-pg-simple: nora, 500, nora
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps @quixo3/prisma-session-store@3.1.21 connect-pg-simple@10.0.0 \
  express-session@1.19.0 express@5.3.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import connectPgSimple from 'connect-pg-simple';
import express from 'express';
import session from 'express-session';
import { PrismaSessionStore } from '@quixo3/prisma-session-store';

let isDown = false;
const answer = async (value) => {
  if (isDown) throw new Error('no token');
  return value;
};

/** As much of a PrismaClient as the store calls, with records in memory. */
function prismaClient() {
  const records = new Map();
  const save = ({ where, data, create, update }) => {
    const sid = where?.sid ?? data.sid;
    return answer().then(() => records.set(sid, { ...records.get(sid), ...(data ?? (records.has(sid) ? update : create)) }));
  };
  return {
    $connect: async () => {},
    $disconnect: async () => {},
    session: {
      findUnique: ({ where }) => answer(records.get(where.sid) ?? null),
      create: save,
      update: save,
      upsert: save,
    },
  };
}

/** As much of a pool as the other store calls. */
function pool() {
  const records = new Map();
  return {
    query: async (text, values) => {
      const [data, , sid] = text.startsWith('SELECT') ? [, , values[0]] : values;
      await answer();
      if (text.startsWith('INSERT')) records.set(sid, typeof data === 'string' ? JSON.parse(data) : data);
      return { rows: records.has(sid) ? [{ sess: records.get(sid) }] : [] };
    },
  };
}

/** Who a browser is taken for before, during and after an outage. */
async function visits(store) {
  const application = express();
  application.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false }));
  application.get('/sign-in', (request, response) => {
    request.session.user = 'nora';
    response.send('signed in');
  });
  application.get('/', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    isDown = false;
    response.send(request.session.user ?? 'nobody');
  });
  application.use((error, _request, response, _next) => {
    isDown = false;
    response.status(500).send(error.message);
  });
  const server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let cookie = '';
  const visit = async (path) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return `${response.status} ${await response.text()}`;
  };
  await visit('/sign-in');
  const before = await visit('/');
  isDown = true;
  const during = await visit('/');
  isDown = false;
  return [before, during, await visit('/')];
}

const seen = {
  prisma: await visits(new PrismaSessionStore(prismaClient(), { dbRecordIdIsSessionId: true })),
  simple: await visits(new (connectPgSimple(session))({ pool: pool(), pruneSessionInterval: false })),
};
console.log(seen);
assert.deepEqual(seen, {
  prisma: ['200 nora', '200 nobody', '200 nobody'],
  simple: ['200 nora', '500 no token', '200 nora'],
});
process.exit();
PROGRAM
node finding.mjs
