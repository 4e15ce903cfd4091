#!/bin/sh
# openid-client 6.9.0: the two requests of one sign-in have different redirect URIs, when the registered one has no path.
# The authorization request sends it as given, the token request rebuilds it from the callback's URL, with a slash.
# A server that compares them as strings (RFC 6749 section 4.1.3) refuses the code.
# Seen: 'https://app.example' and 'https://app.example/'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund openid-client@6.9.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import * as client from 'openid-client';

const issuer = 'https://login.example';
const metadata = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
const configuration = new client.Configuration(metadata, 'app', undefined, client.None());
let tokenRequest = new URLSearchParams();
configuration[client.customFetch] = (_url, { body }) => {
  tokenRequest = new URLSearchParams(body.toString());
  return Promise.resolve(Response.json({ access_token: 'opaque', token_type: 'bearer', expires_in: 60 }));
};

async function redirectUris(registered) {
  const authorization = client.buildAuthorizationUrl(configuration, { redirect_uri: registered });
  await client.authorizationCodeGrant(configuration, new URL(`${registered}?code=code`));
  return [authorization.searchParams.get('redirect_uri'), tokenRequest.get('redirect_uri')];
}

const bare = await redirectUris('https://app.example');
console.log(bare);
assert.deepEqual(bare, ['https://app.example', 'https://app.example/']);
const path = 'https://app.example/callback';
assert.deepEqual(await redirectUris(path), [path, path]);
PROGRAM
node finding.mjs
