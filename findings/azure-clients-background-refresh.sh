#!/bin/sh
# @azure/core-rest-pipeline 1.25.1 (1.24.0 alike), which gives the clients of Azure and `getBearerTokenProvider` of @azure/identity 4.14.1
# their tokens: a refresh in the background whose credential fails until the token expires is an unhandled rejection, which
# ends a Node.js process by default. Every call was answered with a valid token, and no call waits for the refresh, so there is
# nothing in the application that could catch it. The refresh begins with a call in the last two minutes of the token.
# Seen: two calls answered 'token', then the refresh failed at 0, 3 and 6 s: exit code 1 with 'Error: no network'; exit code 0
# when the credential recovers within 5 s
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 @azure/core-rest-pipeline@1.25.1
cat >application.mjs <<'PROGRAM'
import { getBearerTokenProvider } from '@azure/identity';

// A credential whose token ends in 4 s, and which fails from its second call on, for as long as the first argument has it.
const recoversAt = Date.now() + Number(process.argv[2]);
let calls = 0;
const credential = {
  getToken: async () => {
    calls++;
    if (calls > 1 && Date.now() < recoversAt) throw new Error('no network');
    return { token: 'token', expiresOnTimestamp: Date.now() + 4_000 };
  },
};
const bearerToken = getBearerTokenProvider(credential, 'https://vault.azure.net/.default');
console.log(await bearerToken());
console.log(await bearerToken());
setTimeout(() => console.log('still running'), 9_000);
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

function run(outageInMs) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['application.mjs', outageInMs], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n'), reason: /^Error: .*$/m.exec(stderr)?.[0] };
}

const outlasts = run('60000');
const recovers = run('5000');
console.log({ outlasts, recovers });
assert.deepEqual(outlasts, { status: 1, lines: ['token', 'token'], reason: 'Error: no network' });
assert.deepEqual(recovers, { status: 0, lines: ['token', 'token', 'still running'], reason: undefined });
PROGRAM
node finding.mjs
