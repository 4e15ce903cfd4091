#!/bin/sh
# @redis/entraid 6.1.0 with @redis/client 6.3.1: with the default settings one failed token request ends the refreshing for good.
# The default retry policy repeats MSAL's NetworkError alone. What @azure/identity throws for a 503, an AuthenticationError, is none:
# the token that is still valid is let go, and no token is requested again. Azure closes the connection when that token expires.
# Seen: requests of tokens of 4 s in 15 s: 2, of which the second failed; 4 and more when none fails
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @redis/entraid@6.1.0 @redis/client@6.3.1 @azure/identity@4.13.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthenticationError } from '@azure/identity';
import entraid from '@redis/entraid';

const lifeInMs = 4_000;
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (expires) => `${base64({ alg: 'none' })}.${base64({ oid: 'someone', exp: Math.floor(expires / 1000) })}.x`;

/** Counts the token requests of a provider within 15 s, one of which may fail. */
async function requestsWhen(isFailing) {
  let requests = 0;
  const credential = {
    getToken: async () => {
      requests++;
      if (isFailing(requests)) throw new AuthenticationError(503, { error: 'temporarily_unavailable' });
      const expiresOnTimestamp = Date.now() + lifeInMs;
      return { token: jwt(expiresOnTimestamp), expiresOnTimestamp };
    },
  };
  const provider = entraid.EntraIdCredentialsProviderFactory.createForDefaultAzureCredential({
    credential,
    scopes: entraid.REDIS_SCOPE_DEFAULT,
    tokenManagerConfig: entraid.DEFAULT_TOKEN_MANAGER_CONFIG,
  });
  const [, subscription] = await provider.subscribe({ onNext: () => undefined, onError: () => undefined });
  await sleep(15_000);
  subscription.dispose();
  return requests;
}

const [one, none] = await Promise.all([requestsWhen((n) => n === 2), requestsWhen(() => false)]);
console.log({ requestsWhenTheSecondFails: one, requestsWhenNoneFails: none });
assert.equal(one, 2);
assert.ok(none >= 4);
process.exit();
PROGRAM
node finding.mjs
