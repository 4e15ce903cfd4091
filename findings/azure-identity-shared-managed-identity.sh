#!/bin/sh
# @azure/identity 4.14.1 and 4.13.1: the first `ManagedIdentityCredential` that asks for a token decides for all of its process. Its HTTP
# client, with proxy, retries, policies and timeouts, sends the requests of every later one, for other scopes and identities too,
# and of the one inside `DefaultAzureCredential`. All have one cache. What a second one was given, such as
# `retryOptions: { maxRetries: 0 }` for a health check, has no effect, and an option that the first one lacks stays away.
# Seen: the client of the first: 3 requests, one of them for another identity; the client of all others: none
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

// The settings of an App Service. No request is sent: the clients answer them.
process.env.IDENTITY_ENDPOINT = 'http://127.0.0.1:1/msi/token';
process.env.IDENTITY_HEADER = 'header';
const vault = 'https://vault.azure.net/.default';
const graph = 'https://graph.microsoft.com/.default';
const userAssigned = '22222222-2222-2222-2222-222222222222';

/** An HTTP client that answers with tokens of its name, and remembers which identities were asked for. */
function httpClient(name) {
  const identities = [];
  const sendRequest = async (request) => {
    const query = new URL(request.url).searchParams;
    identities.push(query.get('client_id') ?? 'system');
    const expires_on = String(Math.floor(Date.now() / 1_000) + 86_400);
    const token = { access_token: name, expires_on, resource: query.get('resource'), token_type: 'Bearer' };
    const headers = createHttpHeaders({ 'content-type': 'application/json' });
    return { request, status: 200, headers, bodyAsText: JSON.stringify(token) };
  };
  return { identities, sendRequest };
}

for (const version of ['@azure/identity', 'identity-4-13']) {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import(version);
  const clients = [httpClient('by the first'), httpClient('by another')];
  const first = new ManagedIdentityCredential({ httpClient: clients[0] });
  const second = new ManagedIdentityCredential({ httpClient: clients[1] });
  const other = new ManagedIdentityCredential({ clientId: userAssigned, httpClient: clients[1] });
  const chain = new DefaultAzureCredential({ httpClient: clients[1] });
  const calls = [[first, vault], [second, vault], [second, graph], [other, vault], [chain, vault]];
  const tokens = [];
  for (const [credential, scope] of calls) {
    tokens.push((await credential.getToken(scope)).token);
  }
  const requests = clients.map(({ identities }) => identities);
  console.log({ version, tokens, requests });
  assert.deepEqual(tokens, Array(5).fill('by the first'));
  assert.deepEqual(requests, [['system', 'system', userAssigned], []]);
}
process.exit();
PROGRAM
node finding.mjs
