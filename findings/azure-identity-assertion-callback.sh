#!/bin/sh
# @azure/identity 4.13.1 and 4.14.1: `ClientAssertionCredential` calls `getAssertion` twice for each `getToken`, also for one that
# its cache answers, which sends nothing. A callback that asks another service, such as the token endpoint of a CI system or a
# key in a vault, is asked twice a request of an Azure SDK's client that keeps no token. If it rejects, so does `getToken`,
# although the token in the cache is valid for an hour.
# Seen: after three calls: 6 assertions, 1 token request; then, with a callback that rejects: 'no assertion', no request
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

const tenant = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const authority = `https://login.microsoftonline.com/${tenant}`;
const bodies = {
  'discovery/instance': {
    tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
    metadata: [
      {
        preferred_network: 'login.microsoftonline.com',
        preferred_cache: 'login.windows.net',
        aliases: ['login.microsoftonline.com', 'login.windows.net'],
      },
    ],
  },
  'openid-configuration': {
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  },
  'v2.0/token': { token_type: 'Bearer', expires_in: 3_600, ext_expires_in: 3_600, access_token: 'token' },
};

async function counted({ ClientAssertionCredential }) {
  const count = { assertions: 0, requests: 0 };
  let isFailing = false;
  const httpClient = {
    sendRequest: async (request) => {
      const path = Object.keys(bodies).find((part) => request.url.includes(part));
      if (path === 'v2.0/token') count.requests++;
      const headers = createHttpHeaders({ 'content-type': 'application/json' });
      return { request, status: 200, headers, bodyAsText: JSON.stringify(bodies[path]) };
    },
  };
  const getAssertion = async () => {
    count.assertions++;
    if (isFailing) throw new Error('no assertion');
    return 'assertion';
  };
  const credential = new ClientAssertionCredential(tenant, 'app', getAssertion, { httpClient });
  const tokens = [];
  for (let n = 0; n < 3; n++) tokens.push((await credential.getToken('https://vault.azure.net/.default')).token);
  const served = { ...count };
  isFailing = true;
  const failure = await credential.getToken('https://vault.azure.net/.default').catch(({ message }) => message);
  return { tokens, served, failure, requests: count.requests };
}

for (const name of ['@azure/identity', 'identity-4-13']) {
  const seen = await counted(await import(name));
  console.log(name, seen);
  assert.deepEqual(seen, {
    tokens: ['token', 'token', 'token'],
    served: { assertions: 6, requests: 1 },
    failure: 'no assertion',
    requests: 1,
  });
}
PROGRAM
node finding.mjs
