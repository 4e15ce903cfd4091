#!/bin/sh
# ioredis 6.0.0 and 5.11.1 with `enableAutoPipelining`: `callBuffer(name, …)` loses the name of the command. Its first argument
# is sent in its place, and the server refuses that. `call` keeps it, and so does `callBuffer` without the option.
# Needs redis-server on the PATH.
# Seen: 'value' from call, and from callBuffer without the option; ERR unknown command 'key' from callBuffer('get', 'key') with it
set -eu
folder=$(mktemp -d)
port=$((20000 + $$ % 20000))
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >"$folder/log" &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 ioredis-5@npm:ioredis@5.11.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';

const port = Number(process.argv[2]);
async function answers(name, enableAutoPipelining) {
  const { Redis } = await import(name);
  const redis = new Redis({ port, enableAutoPipelining });
  await redis.set('key', 'value');
  const told = (reply) => reply.then(String, ({ message }) => message.replace(/,? with args.*/s, ''));
  const seen = [await told(redis.call('get', 'key')), await told(redis.callBuffer('get', 'key'))];
  redis.disconnect();
  return seen;
}
for (const name of ['ioredis', 'ioredis-5']) {
  const seen = { without: await answers(name, false), with: await answers(name, true) };
  console.log(name, seen);
  assert.deepEqual(seen.without, ['value', 'value']);
  assert.equal(seen.with[0], 'value');
  assert.match(seen.with[1], /^ERR unknown command 'key'/);
}
PROGRAM
node finding.mjs "$port"
