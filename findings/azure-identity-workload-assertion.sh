#!/bin/sh
# @azure/identity 4.14.1 (4.13.1 alike): `WorkloadIdentityCredential` keeps the assertion that it read from its file for five minutes, and
# sends it again when Entra has refused it as expired (AADSTS700024), although the file holds a new one. Kubernetes renews a
# token at 80 % of its life, and SPIRE one of five minutes at half: from a life of 25 minutes down, what is kept expires before
# it is read again, and for the rest of the five minutes each call fails. A new credential reads the file and gets a token.
# Seen: sent: 'old', 'old' (AADSTS700024 twice), though the file had 'new' before the first of them; 'new' by another credential
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

const tenant = '11111111-1111-1111-1111-111111111111';
const authority = `https://login.microsoftonline.com/${tenant}`;
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
};
const expired = {
  error: 'invalid_client',
  error_description: 'AADSTS700024: Client assertion is not within its valid time range.',
  error_codes: [700024],
};

async function calls({ WorkloadIdentityCredential }) {
  const sent = [];
  let isOldExpired = false;
  const httpClient = {
    sendRequest: async (request) => {
      const reply = (status, body) => {
        const headers = createHttpHeaders({ 'content-type': 'application/json' });
        return { request, status, headers, bodyAsText: JSON.stringify(body) };
      };
      if (!request.url.startsWith(metadata.token_endpoint)) return reply(200, metadata);
      const assertion = new URLSearchParams(request.body).get('client_assertion');
      sent.push(assertion);
      if (isOldExpired && assertion === 'old') return reply(401, expired);
      return reply(200, { token_type: 'Bearer', access_token: 'token', expires_in: 3_600 });
    },
  };
  const options = { httpClient, disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 } };
  const create = () => new WorkloadIdentityCredential({ tenantId: tenant, clientId: tenant, tokenFilePath: 'assertion', ...options });
  const call = (credential, resource) =>
    credential.getToken(`https://${resource}/.default`).then(
      ({ token }) => token,
      ({ message }) => /AADSTS\d+/.exec(message)[0],
    );
  writeFileSync('assertion', 'old');
  const credential = create();
  const outcomes = [await call(credential, 'vault.azure.net')];
  writeFileSync('assertion', 'new');
  isOldExpired = true;
  outcomes.push(await call(credential, 'graph.microsoft.com'), await call(credential, 'storage.azure.com'));
  outcomes.push(await call(create(), 'graph.microsoft.com'));
  return { outcomes, sent };
}

for (const version of ['@azure/identity', 'identity-4-13']) {
  const seen = await calls(await import(version));
  console.log(version, seen);
  assert.deepEqual(seen, {
    outcomes: ['token', 'AADSTS700024', 'AADSTS700024', 'token'],
    sent: ['old', 'old', 'old', 'new'],
  });
}
PROGRAM
node finding.mjs
