#!/bin/sh
# nodemailer 10.6.1 with `auth.type: 'OAuth2'`, as for SMTP of Exchange Online: a new refresh token that comes with an access token is dropped.
# The first one is sent for ever, and the event 'token' does not have the new one, so that an application cannot keep it either.
# Entra's refresh tokens last 90 days and bring their successor with each use: mail that is sent every day stops after 90 days
# with invalid_grant. A server that revokes what was redeemed refuses the second request. With `pool: true` each new connection
# also requests an access token of its own, although the one of another connection is valid for an hour.
# Seen: refresh-0 sent each time, and user, accessToken and expires in the event; a pool: 5 token requests for 5 connections at once
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund nodemailer@10.6.1 smtp-server@3.21.6
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import nodemailer from 'nodemailer';
import { SMTPServer } from 'smtp-server';

// A token endpoint that gives a new refresh token with each access token.
const redeemed = [];
let lifeInSeconds;
const endpoint = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  redeemed.push(new URLSearchParams(body).get('refresh_token'));
  const n = redeemed.length;
  const tokens = { access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: lifeInSeconds };
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ token_type: 'Bearer', ...tokens }));
});
await once(endpoint.listen(0, '127.0.0.1'), 'listening');

// A server that takes each token, and every mail after a moment.
const logins = [];
const smtp = new SMTPServer({
  authMethods: ['XOAUTH2'],
  disabledCommands: ['STARTTLS'],
  allowInsecureAuth: true,
  onAuth({ accessToken, username }, _session, done) {
    logins.push(accessToken);
    done(null, { user: username });
  },
  onData(stream, _session, done) {
    stream.resume().on('end', () => setTimeout(done, 300));
  },
});
await once(smtp.listen(0, '127.0.0.1'), 'listening');

function transportOf(options) {
  const user = 'nora@contoso.example';
  const accessUrl = `http://127.0.0.1:${endpoint.address().port}/token`;
  const auth = { type: 'OAuth2', user, clientId: 'app', clientSecret: 'secret', refreshToken: 'refresh-0', accessUrl };
  return nodemailer.createTransport({ host: '127.0.0.1', port: smtp.server.address().port, ignoreTLS: true, auth, ...options });
}
const mail = { from: 'nora@contoso.example', to: 'noah@contoso.example', subject: 'Note', text: 'Note' };

lifeInSeconds = 1;
const transport = transportOf({});
const events = [];
transport.on('token', (token) => events.push(Object.keys(token).sort()));
for (let n = 0; n < 3; n++) {
  await transport.sendMail(mail);
  await sleep(1_200);
}
const single = { redeemed: redeemed.splice(0), logins: logins.splice(0), event: events.at(-1) };

lifeInSeconds = 3_600;
const pool = transportOf({ pool: true, maxConnections: 5 });
await Promise.all(Array.from({ length: 10 }, () => pool.sendMail(mail)));
const pooled = { redeemed: redeemed.length, logins: logins.length };

console.log({ single, pooled });
assert.deepEqual(single, {
  redeemed: ['refresh-0', 'refresh-0', 'refresh-0'],
  logins: ['access-1', 'access-2', 'access-3'],
  event: ['accessToken', 'expires', 'user'],
});
assert.deepEqual(pooled, { redeemed: 5, logins: 5 });
process.exit();
PROGRAM
node finding.mjs
