#!/bin/sh
# @azure/app-configuration-provider 2.6.0: a mistake in the credential makes `load()` wait for its whole deadline, 100 s by
# default, and then reject without the reason. A credential that rejects (here with an expired secret) and a 401 or 403 of the
# store (here for a missing role) are repeated like an outage. The error and its causes only tell that the time is over. The
# reason of the credential is in a `console.warn`, that of the store is nowhere. A 400 rejects after one request, with its status.
# Seen: credential and 403: 2 tries in 6 s, 'The load operation failed.' caused by 'The load operation timed out.'; 400: 1 try
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/app-configuration-provider@2.6.0 @azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { load } from '@azure/app-configuration-provider';
import { createHttpHeaders } from '@azure/core-rest-pipeline';
import { AuthenticationError } from '@azure/identity';

const warnings = [];
console.warn = (text) => warnings.push(text);
const refusal = { error: 'invalid_client', error_description: 'AADSTS7000222: the secret has expired' };
const expiredSecret = () => Promise.reject(new AuthenticationError(401, refusal));
const token = () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 });

/** What `load()` tells of a start that fails. */
async function failedStart(getToken, status, title) {
  let tries = 0;
  const counted = () => {
    if (getToken !== token) tries++;
    return getToken();
  };
  const httpClient = {
    sendRequest: async (request) => {
      tries++;
      const headers = createHttpHeaders({ 'content-type': 'application/problem+json' });
      return { request, status, headers, bodyAsText: JSON.stringify({ title, status }) };
    },
  };
  const options = { replicaDiscoveryEnabled: false, clientOptions: { httpClient }, startupOptions: { timeoutInMs: 6_000 } };
  const error = await load('https://contoso.azconfig.io', { getToken: counted }, options).catch((reason) => reason);
  const hasReason = /AADSTS|role|\b40[03]\b/.test(inspect(error, { depth: 10 }));
  return { tries, message: error.message, cause: error.cause.message, hasReason };
}

const [credential, role, badRequest] = await Promise.all([
  failedStart(expiredSecret, 200, ''),
  failedStart(token, 403, 'the identity has no role'),
  failedStart(token, 400, 'the request is wrong'),
]);
console.log({ credential, role, badRequest, warnings });
const untold = {
  tries: 2,
  message: 'The load operation failed.',
  cause: 'The load operation timed out.',
  hasReason: false,
};
assert.deepEqual(credential, untold);
assert.deepEqual(role, untold);
assert.equal(badRequest.tries, 1);
assert.equal(badRequest.hasReason, true);
assert.ok(warnings.some((text) => text.includes('AADSTS7000222')));
assert.ok(!warnings.some((text) => text.includes('role') || text.includes('403')));
process.exit();
PROGRAM
node finding.mjs
