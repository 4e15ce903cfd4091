#!/bin/sh
# @azure/identity 4.14.1 (4.13.1 alike): `DefaultAzureCredential` with the managed identity of a virtual machine probes the metadata
# endpoint before each call, also one that its cache answers. A probe that fails once, or takes more than a second, withholds
# the cached token of 24 h: the chain goes on to the tools of a developer, and its error speaks of the Azure CLI.
# `ManagedIdentityCredential` itself sends no probe, and answers the same call from its cache.
# Seen: probe and token request, then a probe a call; while nothing answers AggregateAuthenticationError from the one and 'token'
# from the other
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createHttpHeaders, RestError } from '@azure/core-rest-pipeline';

// A machine without settings and tools, so that the managed identity is what the chain finds.
for (const name of Object.keys(process.env)) if (/^(AZURE|IDENTITY|MSI|IMDS)_/.test(name)) delete process.env[name];
process.env.PATH = '';
const dayInSeconds = 86_400;

async function calls({ DefaultAzureCredential, ManagedIdentityCredential }) {
  let isUp = true;
  let sent = [];
  const httpClient = {
    sendRequest: async (request) => {
      const isProbe = !request.headers.has('metadata');
      sent.push(isProbe ? 'probe' : 'token request');
      if (!isUp) throw new RestError('connect ETIMEDOUT', { code: 'ETIMEDOUT', request });
      const headers = createHttpHeaders({ 'content-type': 'application/json' });
      if (isProbe) return { request, status: 400, headers, bodyAsText: '{}' };
      const resource = new URL(request.url).searchParams.get('resource');
      const expires_on = String(Math.floor(Date.now() / 1_000) + dayInSeconds);
      const token = { access_token: 'token', expires_on, resource, token_type: 'Bearer' };
      return { request, status: 200, headers, bodyAsText: JSON.stringify(token) };
    },
  };
  const options = () => ({ httpClient, retryOptions: { maxRetries: 0 } });
  const call = async (credential) => {
    sent = [];
    const outcome = await credential.getToken('https://vault.azure.net/.default').then(
      ({ token }) => token,
      ({ name, message }) => ({ name, namesAzureCli: message.includes('Azure CLI') }),
    );
    return { sent, outcome };
  };
  const chain = new DefaultAzureCredential(options());
  const first = await call(chain);
  const second = await call(chain);
  isUp = false;
  return { first, second, down: await call(chain), alone: await call(new ManagedIdentityCredential(options())) };
}

for (const version of ['@azure/identity', 'identity-4-13']) {
  const seen = await calls(await import(version));
  console.dir({ [version]: seen }, { depth: 4 });
  assert.deepEqual(seen, {
    first: { sent: ['probe', 'token request'], outcome: 'token' },
    second: { sent: ['probe'], outcome: 'token' },
    down: { sent: ['probe'], outcome: { name: 'AggregateAuthenticationError', namesAzureCli: true } },
    alone: { sent: [], outcome: 'token' },
  });
}
process.exit();
PROGRAM
node finding.mjs
