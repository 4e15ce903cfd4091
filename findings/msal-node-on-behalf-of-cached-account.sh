#!/bin/sh
# @azure/msal-node 7.2.3 (5.6.0 alike): a token of the on-behalf-of flow that comes from the cache names no user.
# The first answer names the user: account, uniqueId, tenantId and claims of the ID token. The same call a moment later returns
# the same token with an account of null and empty names, so that code which reads them works once.
# Seen: fromCache false with account 'nora@contoso.example'; fromCache true with account null, uniqueId '' and tenantId ''
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/msal-node@7.2.3
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { ConfidentialClientApplication } from '@azure/msal-node';

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims) => `${base64({ alg: 'RS256' })}.${base64(claims)}.signature`;
const tid = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const oid = '11111111-2222-4333-8444-555555555555';
const authority = `https://login.microsoftonline.com/${tid}`;
const user = { aud: 'app', iss: `${authority}/v2.0`, iat: 1, exp: 9_999_999_999, oid, tid, sub: 'subject', ver: '2.0' };

// The answer of a token endpoint to each request.
const body = {
  token_type: 'Bearer',
  scope: 'User.Read',
  expires_in: 3600,
  ext_expires_in: 3600,
  access_token: 'token',
  id_token: jwt({ ...user, preferred_username: 'nora@contoso.example' }),
  client_info: base64({ uid: oid, utid: tid }),
};
const answer = async () => ({ status: 200, headers: {}, body });
const application = new ConfidentialClientApplication({
  auth: {
    clientId: 'app',
    clientSecret: 'secret',
    authority,
    authorityMetadata: JSON.stringify({
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      issuer: `${authority}/v2.0`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
    }),
    cloudDiscoveryMetadata: JSON.stringify({
      tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [
        {
          preferred_network: 'login.microsoftonline.com',
          preferred_cache: 'login.windows.net',
          aliases: ['login.microsoftonline.com'],
        },
      ],
    }),
  },
  system: { networkClient: { sendGetRequestAsync: answer, sendPostRequestAsync: answer } },
});
const request = { oboAssertion: jwt(user), scopes: ['User.Read'] };
const shown = ({ fromCache, account, uniqueId, tenantId, accessToken }) => ({
  fromCache,
  account: account && account.username,
  uniqueId,
  tenantId,
  accessToken,
});
const first = shown(await application.acquireTokenOnBehalfOf(request));
const second = shown(await application.acquireTokenOnBehalfOf(request));
console.log(first);
console.log(second);
assert.deepEqual(first, {
  fromCache: false,
  account: 'nora@contoso.example',
  uniqueId: oid,
  tenantId: tid,
  accessToken: 'token',
});
assert.deepEqual(second, { fromCache: true, account: null, uniqueId: '', tenantId: '', accessToken: 'token' });
PROGRAM
node finding.mjs
