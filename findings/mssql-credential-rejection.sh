#!/bin/sh
# mssql 12.7.14 with tedious 19.2.2, or 20.3.9 from Node 22 on: when the credential of a login rejects, the error of `connect()` has an empty
# message, no code and no cause. What logs `error.message` shows nothing, and a stack of mssql's own lines. The reason, here
# an expired secret, is in `originalError.errors[1]`, next to an error of tedious that is the same for every reason.
# Seen: '' as the message; 'Security token could not be authenticated or authorized.' and 'AADSTS7000222: the secret has expired'
# two levels below
set -eu
case $(node -v) in v20.*) tedious=19.2.2 ;; *) tedious=20.3.9 ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mssql@12.7.14 "tedious@$tedious"
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import mssql from 'mssql';

const utf16 = (text) => Buffer.from(text, 'utf16le');
/** A message of one packet of the type "tabular result". */
function packet(body) {
  const head = Buffer.from([4, 1, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(body.length + head.length, 2);
  return Buffer.concat([head, body]);
}
/** Options of PRELOGIN: version, no encryption, and a login with tokens. */
const prelogin = packet(Buffer.from([0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 6, 0, 23, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2, 1]));
/** FEDAUTHINFO: whom to ask for a token, and for which resource. */
function fedAuthInfo() {
  const values = [utf16('https://login.example/'), utf16('https://database.windows.net/')];
  const head = Buffer.alloc(5 + 4 + 2 * 9);
  head.writeUInt8(0xee);
  head.writeUInt32LE(4 + 2 * 9 + values[0].length + values[1].length, 1);
  head.writeUInt32LE(values.length, 5);
  values.forEach((value, index) => {
    head.writeUInt8(index + 1, 9 + index * 9);
    head.writeUInt32LE(value.length, 10 + index * 9);
    head.writeUInt32LE(4 + 2 * 9 + index * values[0].length, 14 + index * 9);
  });
  return packet(Buffer.concat([head, ...values]));
}
const server = net.createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', ([type]) => {
    if (type === 0x12) socket.write(prelogin);
    if (type === 0x10) socket.write(fedAuthInfo());
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

let asked = 0;
const getToken = async () => {
  asked++;
  throw new Error('AADSTS7000222: the secret has expired');
};
const pool = new mssql.ConnectionPool({
  server: '127.0.0.1',
  port: server.address().port,
  database: 'notes',
  authentication: { type: 'token-credential', options: { credential: { getToken } } },
  options: { encrypt: false },
});
const error = await pool.connect().catch((reason) => reason);
const seen = {
  name: error.name,
  message: error.message,
  code: error.code,
  cause: error.cause,
  stackHasReason: error.stack.includes('AADSTS'),
  nested: error.originalError.errors.map(({ message }) => message),
};
console.log({ asked, seen });
assert.equal(asked, 1);
assert.deepEqual(seen, {
  name: 'ConnectionError',
  message: '',
  code: undefined,
  cause: undefined,
  stackHasReason: false,
  nested: ['Security token could not be authenticated or authorized.', 'AADSTS7000222: the secret has expired'],
});
process.exit();
PROGRAM
node finding.mjs
