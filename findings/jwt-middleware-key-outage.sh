#!/bin/sh
# passport-jwt 4.0.1 with jwks-rsa 4.1.0, and express-oauth2-jwt-bearer 1.10.0: an outage of the server of keys is answered with 401, as
# a wrong token is, by the second with `error="invalid_token"`. RFC 6750 has that for a token that is expired, revoked or
# malformed: a client may drop its valid token, and send each user to sign in again. An alert on 5xx does not see the outage.
# express-jwt 8.5.1, with the same jwks-rsa, hands the error on, so that Express answers 500.
# Seen: with keys 200 from all; without: 401, 401 with invalid_token, 500
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund passport@0.7.0 passport-jwt@4.0.1 jwks-rsa@4.1.0 express-oauth2-jwt-bearer@1.10.0 \
  express-jwt@8.5.1 express@5.3.0 jose@6.2.17
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import express from 'express';
import { expressjwt } from 'express-jwt';
import { auth } from 'express-oauth2-jwt-bearer';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import jwksRsa from 'jwks-rsa';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

const issuer = 'https://login.example/v2.0';
const audience = 'api://notes';
const algorithms = ['RS256'];
const { privateKey, publicKey } = await generateKeyPair('RS256');
const key = { ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256', use: 'sig' };
const token = await new SignJWT({ sub: 'user' })
  .setProtectedHeader({ alg: 'RS256', kid: 'key' })
  .setIssuer(issuer)
  .setAudience(audience)
  .setIssuedAt()
  .setExpirationTime('1h')
  .sign(privateKey);

async function listen(handler) {
  const server = createServer(handler);
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${server.address().port}`;
}

/** Answers of three servers that begin to read keys now. */
async function answers(areKeysThere) {
  const jwksUri = await listen((_, response) => {
    response.writeHead(areKeysThere ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(areKeysThere ? { keys: [key] } : {}));
  });
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
  const secretOrKeyProvider = jwksRsa.passportJwtSecret({ jwksUri });
  const verifyUser = (user, done) => done(null, user);
  passport.use(new Strategy({ jwtFromRequest, secretOrKeyProvider, issuer, audience, algorithms }, verifyUser));
  const middleware = {
    passport: passport.authenticate('jwt', { session: false }),
    bearer: auth({ issuer, audience, jwksUri }),
    expressJwt: expressjwt({ secret: jwksRsa.expressJwtSecret({ jwksUri }), issuer, audience, algorithms }),
  };
  const seen = {};
  for (const [name, check] of Object.entries(middleware)) {
    const application = express().set('env', 'test');
    application.get('/', check, (_, response) => response.send('notes'));
    const url = await listen(application);
    const { status, headers } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    seen[name] = [status, /error="[^"]*"/.exec(headers.get('www-authenticate'))?.[0]];
  }
  return seen;
}

const withKeys = await answers(true);
const without = await answers(false);
console.log({ withKeys, without });
assert.deepEqual(withKeys, { passport: [200, undefined], bearer: [200, undefined], expressJwt: [200, undefined] });
assert.deepEqual(without, {
  passport: [401, undefined],
  bearer: [401, 'error="invalid_token"'],
  expressJwt: [500, undefined],
});
process.exit();
PROGRAM
node finding.mjs
