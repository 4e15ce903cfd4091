#!/bin/sh
# @microsoft/kiota-http-fetchlibrary 1.0.0-preview.109 answers a claims challenge only where Bearer is the first scheme of
# WWW-Authenticate. RFC 9110 lets a server send several challenges in any order, in one field or in several, which fetch
# joins. After a challenge of another scheme the 401 is the caller's, and no token with the claims is asked for.
# @azure/core-rest-pipeline 1.24.0 finds the challenge in either order.
# Seen: Bearer first: both ask for claims; PoP first: the pipeline of the Azure SDKs alone
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @microsoft/kiota-http-fetchlibrary@1.0.0-preview.109 \
  @microsoft/kiota-abstractions@1.0.0-preview.109 @microsoft/kiota-authentication-azure@1.0.0-preview.109 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { FetchRequestAdapter } from '@microsoft/kiota-http-fetchlibrary';
import { HttpMethod, RequestInformation } from '@microsoft/kiota-abstractions';
import { AzureIdentityAuthenticationProvider } from '@microsoft/kiota-authentication-azure';
import {
  bearerTokenAuthenticationPolicy,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';

const url = 'https://graph.microsoft.com/v1.0/me';
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const bearer = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`;
const pop = 'PoP realm="", nonce="eyJhbGciOiJub25lIn0"';

/** The claims that a client asks a token with when its first request gets 401 with these challenges. */
async function asked(call, challenges) {
  const seen = [];
  const credential = {
    getToken: async (scopes, options) => {
      seen.push(options?.claims);
      return { token: options?.claims ? 'with claims' : 'without', expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const status = (authorization) => (authorization === 'Bearer with claims' ? 200 : 401);
  await call(credential, status, challenges).catch(() => undefined);
  return seen.filter(Boolean);
}

async function kiota(credential, status, challenges) {
  globalThis.fetch = async (_, { headers }) => {
    const answer = new Headers({ 'content-type': 'application/json' });
    for (const challenge of challenges) answer.append('www-authenticate', challenge);
    return new Response('{}', { status: status(new Headers(headers).get('authorization')), headers: answer });
  };
  const provider = new AzureIdentityAuthenticationProvider(credential, ['https://graph.microsoft.com/.default']);
  const information = new RequestInformation(HttpMethod.GET);
  information.URL = url;
  await new FetchRequestAdapter(provider).sendPrimitive(information, 'ArrayBuffer', undefined);
}
async function pipeline(credential, status, challenges) {
  const made = createPipelineFromOptions({});
  made.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: 'https://graph.microsoft.com/.default' }));
  const client = {
    sendRequest: async (request) => ({
      request,
      status: status(request.headers.get('authorization')),
      headers: createHttpHeaders({ 'www-authenticate': challenges.join(', ') }),
    }),
  };
  await made.sendRequest(client, createPipelineRequest({ url }));
}

const seen = {
  kiota: { bearerFirst: await asked(kiota, [bearer, pop]), popFirst: await asked(kiota, [pop, bearer]) },
  pipeline: { bearerFirst: await asked(pipeline, [bearer, pop]), popFirst: await asked(pipeline, [pop, bearer]) },
};
console.log(JSON.stringify(seen, null, 2));
assert.deepEqual(seen, {
  kiota: { bearerFirst: [claims], popFirst: [] },
  pipeline: { bearerFirst: [claims], popFirst: [claims] },
});
PROGRAM
node finding.mjs
