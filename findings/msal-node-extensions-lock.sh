#!/bin/sh
# @azure/msal-node-extensions 5.6.1 with @azure/msal-node 7.2.3: the lock of a cache file keeps nobody out. `PersistenceCachePlugin` deletes the
# lock file after every access, also after one that took no lock since the file had not changed, and whoever wrote it. MSAL looks
# into the cache before each request, so while one process saves its tokens, another removes the lock by looking, and then saves,
# too. The last one overwrites what the other has saved: tokens and accounts of a shared cache are lost, and users have to sign
# in again. One after the other, both are kept. keytar, which is for other kinds of persistence, is left out here.
# Seen: at once: locked, not locked after the other's look, and the token for storage is lost; in turn: all three are kept
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @azure/msal-node-extensions@5.6.1 @azure/msal-node@7.2.3
echo 'module.exports = {};' >node_modules/keytar/lib/keytar.js
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { ConfidentialClientApplication } from '@azure/msal-node';
import { FilePersistence, PersistenceCachePlugin } from '@azure/msal-node-extensions';

const tenant = '11111111-1111-1111-1111-111111111111';
const authority = `https://login.microsoftonline.com/${tenant}`;
const authorityMetadata = JSON.stringify({
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
});
const host = 'login.microsoftonline.com';
const cloudDiscoveryMetadata = JSON.stringify({
  tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
  metadata: [{ preferred_network: host, preferred_cache: 'login.windows.net', aliases: [host, 'login.windows.net'] }],
});
const token = { status: 200, headers: {}, body: { token_type: 'Bearer', access_token: 'token', expires_in: 3_600 } };
const networkClient = { sendPostRequestAsync: async () => token };

/** An application as each process of a service has one. All use the file. */
async function application(file) {
  const persistence = await FilePersistence.create(file);
  const client = new ConfidentialClientApplication({
    auth: { clientId: tenant, authority, clientSecret: 'secret', authorityMetadata, cloudDiscoveryMetadata },
    cache: { cachePlugin: new PersistenceCachePlugin(persistence) },
    system: { networkClient },
  });
  const acquire = (resource) => client.acquireTokenByClientCredential({ scopes: [`https://${resource}/.default`] });
  return { persistence, acquire };
}

const isLocked = (file) => existsSync(`${file}.lockfile`);

/** The tokens in the file after two applications have saved one each, while the first of them is slow. */
async function atOnce(file) {
  const [slow, other] = [await application(file), await application(file)];
  await slow.acquire('vault');
  await other.acquire('vault');
  const save = slow.persistence.save.bind(slow.persistence);
  const locked = [];
  slow.persistence.save = async (contents) => {
    locked.push(isLocked(file));
    await other.acquire('storage');
    locked.push(isLocked(file));
    return save(contents);
  };
  await slow.acquire('graph');
  return { locked, kept: tokensOf(file) };
}

async function inTurn(file) {
  const [one, other] = [await application(file), await application(file)];
  await one.acquire('vault');
  await other.acquire('vault');
  await other.acquire('storage');
  await one.acquire('graph');
  return { kept: tokensOf(file) };
}

function tokensOf(file) {
  const entries = Object.values(JSON.parse(readFileSync(file, 'utf8')).AccessToken);
  return entries.map(({ target }) => new URL(target).host).sort();
}

const seen = { atOnce: await atOnce('at-once.json'), inTurn: await inTurn('in-turn.json') };
console.log(seen);
assert.deepEqual(seen, {
  atOnce: { locked: [true, false], kept: ['graph', 'vault'] },
  inTurn: { kept: ['graph', 'storage', 'vault'] },
});
PROGRAM
node finding.mjs
