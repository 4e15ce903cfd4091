#!/bin/sh
# simple-oauth2 5.1.0: `refresh()` loses the refresh token where the server's answer has none, which RFC 6749 section 6 lets it
# leave out: the old one stays valid then. The library has a line that keeps it, but reads it from the wrong object. The token
# that `refresh()` returns has `refresh_token: undefined`, and the next `refresh()` sends an empty one.
# Seen: sent: 'first', ''; kept: undefined; sent when each answer has a refresh token: 'first', 'second'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund simple-oauth2@5.1.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import oauth from 'simple-oauth2';

/** The refresh tokens that two calls of `refresh()` send, and the one that is kept after the first. */
async function refreshedTwice(added) {
  const sent = [];
  const server = createServer(async (request, response) => {
    const body = new URLSearchParams((await request.toArray()).join(''));
    sent.push(body.get('refresh_token'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token_type: 'Bearer', access_token: 'token', expires_in: 3600, ...added }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new oauth.AuthorizationCode({
    client: { id: 'app', secret: 'secret' },
    auth: { tokenHost: `http://127.0.0.1:${server.address().port}` },
  });
  const token = client.createToken({ access_token: 'token', refresh_token: 'first', expires_in: 0 });
  const refreshed = await token.refresh();
  await refreshed.refresh();
  server.close();
  return { sent, kept: refreshed.token.refresh_token };
}

const seen = { without: await refreshedTwice({}), with: await refreshedTwice({ refresh_token: 'second' }) };
console.log(seen);
assert.deepEqual(seen, {
  without: { sent: ['first', ''], kept: undefined },
  with: { sent: ['first', 'second'], kept: 'second' },
});
PROGRAM
node finding.mjs
