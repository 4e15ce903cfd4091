#!/bin/sh
# @azure/msal-node 7.2.3 (5.6.0 alike): a 503 or 429 for one user's on-behalf-of request refuses all users for a minute. MSAL stops
# requests that are like the one that failed, and leaves the assertion out of the comparison: the next user with the same
# scopes is refused at once, without a request, by the error of the first. `acquireTokenByRefreshToken` does the same with
# refresh tokens. Entra may have recovered, or have limited one user alone. Another instance of the application is free.
# Seen: AADSTS90033 for the first user, by a request; AADSTS90033 for the second, by none; 'token' from another instance
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/msal-node@7.2.3 msal-node-5@npm:@azure/msal-node@5.6.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';

const tenant = '11111111-1111-1111-1111-111111111111';
const cloud = 'login.microsoftonline.com';
const authority = `https://${cloud}/${tenant}`;
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
};
const alias = { preferred_network: cloud, preferred_cache: 'login.windows.net', aliases: [cloud] };
const cloudDiscoveryMetadata = JSON.stringify({ tenant_discovery_endpoint: metadata.issuer, metadata: [alias] });
const authorityMetadata = JSON.stringify(metadata);
const scopes = ['api://notes/.default'];
const outage = { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' };
const token = { token_type: 'Bearer', access_token: 'token', expires_in: 3_600, scope: scopes[0] };
const grants = {
  onBehalfOf: (application, user) => application.acquireTokenOnBehalfOf({ oboAssertion: user, scopes }),
  refreshToken: (application, user) => application.acquireTokenByRefreshToken({ refreshToken: user, scopes }),
};

/** The requests of two users, of which Entra answers the first with the status. */
async function twoUsers({ ConfidentialClientApplication }, acquire, status) {
  let requests = 0;
  let isDown = true;
  const networkClient = {
    sendGetRequestAsync: async () => ({ status: 200, headers: {}, body: {} }),
    sendPostRequestAsync: async () => {
      requests++;
      return { status: isDown ? status : 200, headers: {}, body: isDown ? outage : token };
    },
  };
  const auth = { clientId: tenant, clientSecret: 'secret', authority, authorityMetadata, cloudDiscoveryMetadata };
  const create = () => new ConfidentialClientApplication({ auth, system: { networkClient } });
  const application = create();
  const outcome = async (from, user) => {
    const before = requests;
    const code = await acquire(from, user).then(
      ({ accessToken }) => accessToken,
      ({ message }) => /AADSTS\d+/.exec(message)?.[0] ?? message,
    );
    return [code, requests - before];
  };
  const first = await outcome(application, 'first-user');
  isDown = false;
  return { first, second: await outcome(application, 'second-user'), elsewhere: await outcome(create(), 'second-user') };
}

const alike = { first: ['AADSTS90033', 1], second: ['AADSTS90033', 0], elsewhere: ['token', 1] };
for (const version of ['@azure/msal-node', 'msal-node-5']) {
  const msal = await import(version);
  for (const [grant, acquire] of Object.entries(grants)) {
    for (const status of [429, 503]) {
      const seen = await twoUsers(msal, acquire, status);
      console.log({ version, grant, status, ...seen });
      assert.deepEqual(seen, alike);
    }
  }
}
PROGRAM
node finding.mjs
