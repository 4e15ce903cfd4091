#!/bin/sh
# @microsoft/microsoft-graph-client 3.0.7: an error of the authentication that has a member "error" loses its message.
# Such errors are those of OAuth libraries, which put the code of RFC 6749 there, such as 'invalid_grant'. The client takes
# them for an answer of Graph, and reports neither message, name, code nor cause. The same error without the member is reported.
# Seen: message '' and no code with it; message 'the sign-in has expired' and code 'Error' without it
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @microsoft/microsoft-graph-client@3.0.7
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import graph from '@microsoft/microsoft-graph-client';

async function reported(error) {
  const authProvider = { getAccessToken: () => Promise.reject(error) };
  const client = graph.Client.initWithMiddleware({ authProvider });
  const reason = await client.api('/me').get().catch((thrown) => thrown);
  const { message, code, statusCode, cause } = reason;
  const isNamed = JSON.stringify([reason.body, reason.stack]).includes('the sign-in has expired');
  return { message, code, statusCode, cause, isNamed };
}

const plain = await reported(new Error('the sign-in has expired'));
const withCode = await reported(Object.assign(new Error('the sign-in has expired'), { error: 'invalid_grant' }));
console.log(plain);
console.log(withCode);
assert.equal(plain.message, 'the sign-in has expired');
assert.equal(plain.code, 'Error');
assert.deepEqual(withCode, { message: '', code: undefined, statusCode: -1, cause: undefined, isNamed: false });
PROGRAM
node finding.mjs
