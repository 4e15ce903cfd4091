#!/bin/sh
# @azure/communication-common 2.4.2: a proactive refresh that fails ends the process. With `refreshProactively: true`,
# `AzureCommunicationTokenCredential` asks its `tokenRefresher` ten minutes before the token expires, from a timer, and nothing
# catches what it rejects with: an unhandled rejection, although the token is valid for ten more minutes. Where a listener
# keeps the process alive, the timer is not set again: that refresh was the last until the token has expired, and then a
# caller waits for it. @azure/communication-chat, -identity and the calling SDKs take this credential.
# Seen: exit code 1 with 'Error: no network' while `getToken` gave the token; with a listener: asked once in 6 s, the same token
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/communication-common@2.4.2
cat >application.mjs <<'PROGRAM'
import { AzureCommunicationTokenCredential } from '@azure/communication-common';

if (process.argv[2] === 'listener') process.on('unhandledRejection', ({ message }) => console.log(`unhandled: ${message}`));
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
// A token of 10 minutes and 2 seconds, so that its refresh is due in 2 seconds.
const token = `${base64({ alg: 'none' })}.${base64({ exp: Math.floor(Date.now() / 1_000) + 602 })}.x`;
let asked = 0;
const tokenRefresher = async () => {
  asked++;
  throw new Error('no network');
};
const credential = new AzureCommunicationTokenCredential({ token, tokenRefresher, refreshProactively: true });
const isServed = async () => (await credential.getToken()).token === token;
console.log(`served: ${await isServed()}, asked: ${asked}`);
setTimeout(async () => {
  console.log(`served: ${await isServed()}, asked: ${asked}`);
  credential.dispose();
}, 6_000);
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

function run(mode) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['application.mjs', mode], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n'), reason: /^Error: .*$/m.exec(stderr)?.[0] };
}

const seen = { plain: run('plain'), listener: run('listener') };
console.log(seen);
const first = 'served: true, asked: 0';
assert.deepEqual(seen, {
  plain: { status: 1, lines: [first], reason: 'Error: no network' },
  listener: { status: 0, lines: [first, 'unhandled: no network', 'served: true, asked: 1'], reason: undefined },
});
PROGRAM
node finding.mjs
