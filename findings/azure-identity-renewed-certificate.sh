#!/bin/sh
# @azure/identity 4.14.1 and 4.13.1: `ClientCertificateCredential` reads its file for each `getToken`, and signs with what it read first. A
# certificate that is renewed in place, as cert-manager and the Key Vault agents do, is read and not used: token requests are
# signed by the old key until the process ends, also when the old certificate has expired or is no longer registered. That the
# file is read shows when it is gone: `getToken` fails then, although a token in the cache is valid for an hour.
# Seen: signed by 'old' before and after the renewal, by 'new' from a new credential; ENOENT for the cached token without the file
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in old new; do
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj "/CN=$name" 2>/dev/null
  cat key.pem cert.pem >"$name.pem"
done
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/identity@4.14.1 identity-4-13@npm:@azure/identity@4.13.1 \
  @azure/core-rest-pipeline@1.24.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

const tenant = '11111111-1111-1111-1111-111111111111';
const authority = `https://login.microsoftonline.com/${tenant}`;
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
};
const thumbprint = (file) => createHash('sha256').update(new X509Certificate(readFileSync(file)).raw).digest('base64url');
const names = { [thumbprint('old.pem')]: 'old', [thumbprint('new.pem')]: 'new' };

for (const version of ['@azure/identity', 'identity-4-13']) {
  const { ClientCertificateCredential } = await import(version);
  const signedBy = [];
  const httpClient = {
    sendRequest: async (request) => {
      const headers = createHttpHeaders({ 'content-type': 'application/json' });
      const reply = (body) => ({ request, status: 200, headers, bodyAsText: JSON.stringify(body) });
      if (!request.url.startsWith(metadata.token_endpoint)) return reply(metadata);
      const assertion = new URLSearchParams(request.body).get('client_assertion');
      const header = JSON.parse(Buffer.from(assertion.split('.')[0], 'base64url'));
      signedBy.push(names[header['x5t#S256']]);
      return reply({ token_type: 'Bearer', access_token: 'token', expires_in: 3_600 });
    },
  };
  const options = { httpClient, disableInstanceDiscovery: true };
  copyFileSync('old.pem', 'current.pem');
  const credential = new ClientCertificateCredential(tenant, tenant, 'current.pem', options);
  const vault = 'https://vault.azure.net/.default';
  await credential.getToken(vault);
  copyFileSync('new.pem', 'current.pem');
  await credential.getToken('https://graph.microsoft.com/.default');
  await new ClientCertificateCredential(tenant, tenant, 'current.pem', options).getToken(vault);
  rmSync('current.pem');
  const withoutFile = await credential.getToken(vault).then(
    (result) => result.token,
    ({ code }) => code,
  );
  console.log({ version, signedBy, withoutFile });
  assert.deepEqual(signedBy, ['old', 'old', 'new']);
  assert.equal(withoutFile, 'ENOENT');
}
PROGRAM
node finding.mjs
