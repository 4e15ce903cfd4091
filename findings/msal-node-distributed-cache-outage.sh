#!/bin/sh
# @azure/msal-node 7.2.3 (5.6.0 alike) with `DistributedCachePlugin`: an outage of the cache is an outage of the tokens. Each call asks the
# client of the cache first and rejects with its error, also for a token that MSAL holds in memory, and although Entra would give
# a new one. When the cache cannot be written after Entra has answered, the caller gets that error in place of the token, which
# is in memory by then: a code or refresh token is spent. The caches of Microsoft.Identity.Web log such an error and go on with
# the memory, as MSAL for Node itself does when the client of the cache has no entry.
# Seen: 'token 1' by 1 request; 'cache is down' for the same token, by none; 'token 1' with a cache that has nothing; with a cache that
# cannot be written 'cache is down' by 1 request, and then 'token 2' by none
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/msal-node@7.2.3 msal-node-5@npm:@azure/msal-node@5.6.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';

const tenant = '11111111-1111-1111-1111-111111111111';
const host = 'login.microsoftonline.com';
const authority = `https://${host}/${tenant}`;
const authorityMetadata = JSON.stringify({
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
});
const cloudDiscoveryMetadata = JSON.stringify({
  tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
  metadata: [{ preferred_network: host, preferred_cache: 'login.windows.net', aliases: [host, 'login.windows.net'] }],
});

async function outcomes({ ConfidentialClientApplication, DistributedCachePlugin }) {
  let requests = 0;
  const networkClient = {
    sendPostRequestAsync: async () => {
      const body = { token_type: 'Bearer', access_token: `token ${++requests}`, expires_in: 3_600 };
      return { status: 200, headers: {}, body };
    },
  };
  const records = new Map();
  const fail = async () => {
    throw new Error('cache is down');
  };
  const up = { get: async (key) => records.get(key) ?? '', set: async (key, value) => void records.set(key, value) };
  const cache = { ...up };
  const partitionManager = { getKey: async () => 'app', extractKey: async () => 'app' };
  const client = new ConfidentialClientApplication({
    auth: { clientId: tenant, authority, clientSecret: 'secret', authorityMetadata, cloudDiscoveryMetadata },
    cache: { cachePlugin: new DistributedCachePlugin(cache, partitionManager) },
    system: { networkClient },
  });
  const call = async (resource, { get = up.get, set = up.set }) => {
    Object.assign(cache, { get, set });
    const before = requests;
    const outcome = await client.acquireTokenByClientCredential({ scopes: [`https://${resource}/.default`] }).then(
      ({ accessToken }) => accessToken,
      ({ message }) => message,
    );
    return `${outcome}, ${requests - before} request`;
  };
  return {
    first: await call('vault', {}),
    down: await call('vault', { get: fail }),
    empty: await call('vault', { get: async () => '' }),
    unwritable: [await call('graph', { set: fail }), await call('graph', { set: fail })],
  };
}

for (const version of ['@azure/msal-node', 'msal-node-5']) {
  const seen = await outcomes(await import(version));
  console.log(version, seen);
  assert.deepEqual(seen, {
    first: 'token 1, 1 request',
    down: 'cache is down, 0 request',
    empty: 'token 1, 0 request',
    unwritable: ['cache is down, 1 request', 'token 2, 0 request'],
  });
}
PROGRAM
node finding.mjs
