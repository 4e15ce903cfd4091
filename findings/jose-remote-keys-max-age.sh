#!/bin/sh
# jose 6.2.17: keys of createRemoteJWKSet that are older than cacheMaxAge (10 minutes) fail while they cannot be read anew.
# They verify the same token a moment before, and it has not changed: an outage of the server of keys refuses every caller.
# Seen: 'verified', then 'Expected 200 OK from the JSON Web Key Set HTTP response'; with cacheMaxAge Infinity 'verified'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jose@6.2.17
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createRemoteJWKSet, customFetch, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const { publicKey, privateKey } = await generateKeyPair('RS256');
const keys = [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256', use: 'sig' }];
const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: 'key' }).setExpirationTime('1h').sign(privateKey);
const realNow = Date.now;

async function twice(options) {
  let isUp = true;
  const respond = () => Promise.resolve(isUp ? Response.json({ keys }) : new Response('', { status: 503 }));
  const remote = createRemoteJWKSet(new URL('https://login.example/keys'), { [customFetch]: respond, ...options });
  const verify = () => jwtVerify(token, remote).then(() => 'verified', ({ message }) => message);
  Date.now = realNow;
  const first = await verify();
  isUp = false;
  Date.now = () => realNow() + 11 * 60_000;
  return [first, await verify()];
}

const refused = 'Expected 200 OK from the JSON Web Key Set HTTP response';
const seen = { usual: await twice({}), endless: await twice({ cacheMaxAge: Infinity }) };
console.log(seen);
assert.deepEqual(seen, { usual: ['verified', refused], endless: ['verified', 'verified'] });
PROGRAM
node finding.mjs
