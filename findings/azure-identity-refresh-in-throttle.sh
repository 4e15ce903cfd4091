#!/bin/sh
# @azure/identity 4.14.1 (4.13.1 alike): after `refresh_in` of a token, by which Entra asks for an early refresh, one failed refresh
# makes `ClientSecretCredential` fail for a minute, although its token is valid for most of a day. The call that refreshes
# still gets the old token. From the next one on MSAL refuses without a request, however soon Entra has recovered: a 503
# without Retry-After counts for 60 s. A credential without `refresh_in` serves the same token until it ends.
# Seen: with refresh_in: token, token (the refresh failed), then AADSTS90033 without a request for a minute, then a request and the
# token again; without: the token each time, and one request
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

const tenant = '11111111-1111-1111-1111-111111111111';
const authority = `https://login.microsoftonline.com/${tenant}`;
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
};
const outage = { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' };

/** What five calls return, and how many token requests each sent. Entra is down during the second. */
async function calls({ ClientSecretCredential }, refreshIn) {
  let isDown = false;
  let requests = 0;
  let tokens = 0;
  const httpClient = {
    sendRequest: async (request) => {
      const reply = (status, body) => {
        const headers = createHttpHeaders({ 'content-type': 'application/json' });
        return { request, status, headers, bodyAsText: JSON.stringify(body) };
      };
      if (!request.url.startsWith(metadata.token_endpoint)) return reply(200, metadata);
      requests++;
      if (isDown) return reply(503, outage);
      return reply(200, { token_type: 'Bearer', access_token: `token ${++tokens}`, expires_in: 86_400, ...refreshIn });
    },
  };
  const options = { httpClient, disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 } };
  const credential = new ClientSecretCredential(tenant, tenant, 'secret', options);
  const call = async () => {
    requests = 0;
    const outcome = await credential.getToken('https://vault.azure.net/.default').then(
      ({ token }) => token,
      ({ message }) => /AADSTS\d+/.exec(message)[0],
    );
    return `${outcome}, ${requests} request`;
  };
  const seen = [await call()];
  await sleep(4_000);
  isDown = true;
  seen.push(await call());
  isDown = false;
  seen.push(await call());
  await sleep(50_000);
  seen.push(await call());
  await sleep(12_000);
  seen.push(await call());
  return seen;
}

const versions = [await import('@azure/identity'), await import('identity-4-13')];
const runs = versions.flatMap((identity) => [calls(identity, { refresh_in: 2 }), calls(identity, {})]);
const [early, plain, earlyIn413, plainIn413] = await Promise.all(runs);
console.log({ early, plain, earlyIn413, plainIn413 });
for (const seen of [early, earlyIn413]) {
  assert.deepEqual(seen, [
    'token 1, 1 request',
    'token 1, 1 request',
    'AADSTS90033, 0 request',
    'AADSTS90033, 0 request',
    'token 1, 1 request',
  ]);
}
for (const seen of [plain, plainIn413]) {
  assert.deepEqual(seen, ['token 1, 1 request', ...Array(4).fill('token 1, 0 request')]);
}
PROGRAM
node finding.mjs
