#!/bin/sh
# openid-client 6.9.0 with oauth4webapi 3.8.8: an OAuth error in a response of 5xx is not read. Entra answers an outage with 503 and a JSON body
# that has `error`, `error_description` and an AADSTS number. With 400 the same body becomes a ResponseBodyError with all of
# them and the status. With 503 the error has the code OAUTH_RESPONSE_IS_NOT_CONFORM, as for a server that is no OAuth server,
# and neither `error` nor `status`: what decides by `error === 'temporarily_unavailable'` or by `status` to try again sees
# a mistake of the configuration. The response is its `cause`, with a body that nobody has read.
# Seen: 400: ResponseBodyError, temporarily_unavailable, 400; 503: ClientError, undefined, undefined, and 503 in `cause.status`
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund openid-client@6.9.0 oauth4webapi@3.8.8
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as client from 'openid-client';

const outage = { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' };
const server = createServer((request, response) => {
  const headers = { 'content-type': 'application/json', 'retry-after': '5' };
  response.writeHead(Number(request.url.slice(1)), headers).end(JSON.stringify(outage));
});
await once(server.listen(0, '127.0.0.1'), 'listening');

/** What a refresh fails with when the token endpoint answers with a status. */
async function failure(status) {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const configuration = new client.Configuration({ issuer, token_endpoint: `${issuer}/${status}` }, 'app', 'secret');
  client.allowInsecureRequests(configuration);
  const reason = await client.refreshTokenGrant(configuration, 'refresh token').catch((error) => error);
  const { name, code, error } = reason;
  return { name, code, error, status: reason.status, cause: reason.cause.status, message: reason.message };
}

const seen = { 400: await failure(400), 503: await failure(503) };
console.log(seen);
assert.deepEqual(seen, {
  400: {
    name: 'ResponseBodyError',
    code: 'OAUTH_RESPONSE_BODY_ERROR',
    error: 'temporarily_unavailable',
    status: 400,
    cause: undefined,
    message: 'server responded with an error in the response body',
  },
  503: {
    name: 'ClientError',
    code: 'OAUTH_RESPONSE_IS_NOT_CONFORM',
    error: undefined,
    status: undefined,
    cause: 503,
    message: 'unexpected HTTP response status code',
  },
});
process.exit();
PROGRAM
node finding.mjs
