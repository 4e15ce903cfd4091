#!/bin/sh
# @azure/msal-node 5.6.0 and 7.2.3 read two parts of RFC 8628 their own way. `slow_down` (section 3.5), which tells a client to
# wait 5 s longer and go on, ends the sign-in. A response without `interval` (section 3.2), which means 5 s, makes it poll without a pause.
# openid-client 6.9.0 waits as the RFC says.
# Seen: msal-node: 'post_request_failed: slow_down' after 1 request; without `interval` 50 requests within a second;
# openid-client: signed in by a second request, 6 s after the slow_down; without `interval` 5 s before each request
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/msal-node@7.2.3 msal-node-5@npm:@azure/msal-node@5.6.0 openid-client@6.9.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import * as openid from 'openid-client';

const tenant = '11111111-1111-1111-1111-111111111111';
const authority = `https://login.microsoftonline.com/${tenant}`;
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const code = { device_code: 'code', user_code: 'user', verification_uri: 'https://login.example', expires_in: 60 };
const user = { oid: 'user', sub: 'user', tid: tenant, iss: `${authority}/v2.0`, aud: tenant, iat: 1, exp: 9_999_999_999 };
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
};
const token = {
  token_type: 'Bearer',
  access_token: 'token',
  expires_in: 3_600,
  scope: 'User.Read',
  id_token: `${base64({ alg: 'RS256' })}.${base64(user)}.signature`,
  client_info: base64({ uid: 'user', utid: tenant }),
};

function msal({ PublicClientApplication }) {
  return async (device, respond) => {
    const answer = (body) => ({ status: body.error ? 400 : 200, headers: {}, body });
    const networkClient = {
      sendGetRequestAsync: async () => answer({}),
      sendPostRequestAsync: async (url) => answer(url.includes('devicecode') ? device : respond()),
    };
    const cloud = 'login.microsoftonline.com';
    const alias = { preferred_network: cloud, preferred_cache: 'login.windows.net', aliases: [cloud] };
    const cloudDiscoveryMetadata = JSON.stringify({ tenant_discovery_endpoint: metadata.issuer, metadata: [alias] });
    const auth = { clientId: tenant, authority, authorityMetadata: JSON.stringify(metadata), cloudDiscoveryMetadata };
    const application = new PublicClientApplication({ auth, system: { networkClient } });
    await application.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback: () => {} });
  };
}
async function openidClient(device, respond) {
  const configuration = new openid.Configuration(metadata, tenant, undefined, openid.None());
  configuration[openid.customFetch] = async () => {
    const { id_token, client_info, ...body } = respond();
    return Response.json(body, { status: body.error ? 400 : 200 });
  };
  await openid.pollDeviceAuthorizationGrant(configuration, device);
}

/** Polls until the request with that number signs in; each one before gets the error. */
async function polled(client, device, error, signedInAt) {
  const startedAt = performance.now();
  const times = [];
  const outcome = await client(device, () => {
    times.push(performance.now() - startedAt);
    return times.length < signedInAt ? { error, error_description: error } : token;
  }).then(
    () => 'signed in',
    ({ message }) => message,
  );
  return { outcome, requests: times.length, seconds: [times[0], times.at(-1)].map((time) => Math.round(time / 1_000)) };
}

const clients = {
  'msal-node 7': msal(await import('@azure/msal-node')),
  'msal-node 5': msal(await import('msal-node-5')),
  'openid-client': openidClient,
};
const seen = {};
for (const [name, client] of Object.entries(clients)) {
  const [slowDown, noInterval] = await Promise.all([
    polled(client, { ...code, interval: 1 }, 'slow_down', 2),
    polled(client, code, 'authorization_pending', name === 'openid-client' ? 2 : 50),
  ]);
  seen[name] = { slowDown, noInterval };
}
console.log(JSON.stringify(seen, null, 2));
for (const name of ['msal-node 7', 'msal-node 5']) {
  const { slowDown, noInterval } = seen[name];
  assert.deepEqual([slowDown.outcome, slowDown.requests], ['post_request_failed: slow_down', 1]);
  assert.deepEqual([noInterval.outcome, noInterval.requests], ['signed in', 50]);
  assert.ok(noInterval.seconds[1] < 5);
}
const { slowDown, noInterval } = seen['openid-client'];
assert.deepEqual([slowDown.outcome, slowDown.requests, noInterval.outcome], ['signed in', 2, 'signed in']);
assert.ok(slowDown.seconds[1] - slowDown.seconds[0] >= 5);
assert.ok(noInterval.seconds[0] >= 5);
PROGRAM
node finding.mjs
