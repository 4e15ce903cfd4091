#!/bin/sh
# @badgateway/oauth2-client 3.3.1: `OAuth2Fetch` takes every failure of a refresh for the end of the refresh token. While the token endpoint
# answers 503 or refuses connections, it asks `getNewToken`, which signs the user in anew, and calls `onError`, which is for
# "authentication fatally failed", twice for each request. The error names neither status nor reason: those are dropped. The
# refresh token is good all the while, and redeemed by the first request after the outage.
# Seen: for 503 and for a refused connection getNewToken asked once, onError called twice with 'Unable to obtain OAuth2 tokens, a
# full reauth may be needed'; then 'fresh' by the old refresh token
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @badgateway/oauth2-client@3.3.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

console.warn = () => undefined;
const token = { token_type: 'Bearer', access_token: 'fresh', expires_in: 3_600, refresh_token: 'next' };
const expired = { accessToken: 'expired', expiresAt: Date.now() - 1_000, refreshToken: 'stored' };
const outages = {
  status: async () => Response.json({ error: 'temporarily_unavailable' }, { status: 503 }),
  connection: async () => {
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
  },
};

/** One request for a token during the outage, and one after it. */
async function outage(respond) {
  const redeemed = [];
  const seen = { newTokensAsked: 0, errors: [] };
  let isDown = true;
  const client = new OAuth2Client({
    clientId: 'app',
    clientSecret: 'secret',
    tokenEndpoint: 'https://login.example/token',
    fetch: async (_, { body }) => {
      redeemed.push(new URLSearchParams(body).get('refresh_token'));
      return isDown ? respond() : Response.json(token);
    },
  });
  const wrapper = new OAuth2Fetch({
    client,
    getStoredToken: () => expired,
    getNewToken: () => {
      // The user would have to sign in.
      seen.newTokensAsked++;
      return null;
    },
    onError: ({ message, cause }) => seen.errors.push(cause ?? message),
    scheduleRefresh: false,
  });
  const during = await wrapper.getAccessToken().catch(({ message }) => message);
  isDown = false;
  return { ...seen, during, after: await wrapper.getAccessToken(), redeemed };
}

const reauth = 'Unable to obtain OAuth2 tokens, a full reauth may be needed';
for (const [name, respond] of Object.entries(outages)) {
  const seen = await outage(respond);
  console.log(name, seen);
  assert.deepEqual(seen, {
    newTokensAsked: 1,
    errors: [reauth, reauth],
    during: reauth,
    after: 'fresh',
    redeemed: ['stored', 'stored'],
  });
}
PROGRAM
node finding.mjs
