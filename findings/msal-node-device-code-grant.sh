#!/bin/sh
# @azure/msal-node 5.6.0: device codes are redeemed with the grant type 'device_code'.
# RFC 8628 section 3.4 and Microsoft's page on the flow have 'urn:ietf:params:oauth:grant-type:device_code'.
# Seen: grant_type 'device_code'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/msal-node@5.6.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { PublicClientApplication } from '@azure/msal-node';

const grants = [];
const answer = (body, status = 200) => ({ status, headers: {}, body });
const code = { device_code: 'code', user_code: 'user', verification_uri: 'https://login.example', expires_in: 60, interval: 1 };
const networkClient = {
  sendGetRequestAsync: () => Promise.resolve(answer({})),
  sendPostRequestAsync(url, { body }) {
    if (url.includes('devicecode')) return Promise.resolve(answer(code));
    grants.push(new URLSearchParams(body).get('grant_type'));
    return Promise.resolve(answer({ error: 'authorization_declined' }, 400));
  },
};
const host = 'https://login.microsoftonline.com';
const id = '11111111-1111-1111-1111-111111111111';
const endpoints = {
  issuer: `${host}/${id}/v2.0`,
  authorization_endpoint: `${host}/${id}/oauth2/v2.0/authorize`,
  token_endpoint: `${host}/${id}/oauth2/v2.0/token`,
  jwks_uri: `${host}/${id}/discovery/v2.0/keys`,
};
const alias = { preferred_network: 'login.microsoftonline.com', preferred_cache: 'login.windows.net', aliases: ['login.microsoftonline.com'] };
const auth = {
  clientId: id,
  authority: `${host}/${id}`,
  authorityMetadata: JSON.stringify(endpoints),
  cloudDiscoveryMetadata: JSON.stringify({ tenant_discovery_endpoint: host, metadata: [alias] }),
};
const application = new PublicClientApplication({ auth, system: { networkClient } });
const request = { scopes: ['User.Read'], deviceCodeCallback: () => undefined };
await application.acquireTokenByDeviceCode(request).catch(() => undefined);
console.log(grants);
assert.deepEqual(grants, ['device_code']);
PROGRAM
node finding.mjs
