#!/bin/sh
# @microsoft/microsoft-graph-client 3.0.7, @microsoft/kiota-http-fetchlibrary 1.0.0-preview.109 and @azure/keyvault-secrets
# 4.12.0 ask for an access token once a call, and send it with each retry. A response with Retry-After makes them wait, the
# clients of Graph up to 180 s, so that a token which was valid for the first request has expired at the retry, although the
# credential holds a newer one by then. @azure/storage-blob 12.34.0 asks again before each retry.
# Seen: Bearer first, first (both clients of Graph, Key Vault); Bearer first, second (Storage)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @microsoft/microsoft-graph-client@3.0.7 \
  @microsoft/kiota-http-fetchlibrary@1.0.0-preview.109 @microsoft/kiota-abstractions@1.0.0-preview.109 \
  @azure/keyvault-secrets@4.12.0 @azure/storage-blob@12.34.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import graph from '@microsoft/microsoft-graph-client';
import { FetchRequestAdapter } from '@microsoft/kiota-http-fetchlibrary';
import {
  AllowedHostsValidator,
  BaseBearerTokenAuthenticationProvider,
  HttpMethod,
  RequestInformation,
} from '@microsoft/kiota-abstractions';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { createHttpHeaders } from '@azure/core-rest-pipeline';

const secret = '{"value":"v","id":"https://contoso.vault.azure.net/secrets/s/1"}';
const graphUrl = 'https://graph.microsoft.com/v1.0/me';

/** What a call presents first and last when 503 is answered while its first token is valid. */
async function presented(call) {
  const startedAt = Date.now();
  const seen = [];
  const token = () => (Date.now() - startedAt < 500 ? 'first' : 'second');
  const expiresOnTimestamp = () => (token() === 'first' ? startedAt + 500 : Date.now() + 3_600_000);
  const credential = { getToken: async () => ({ token: token(), expiresOnTimestamp: expiresOnTimestamp() }) };
  /** Answers with 503 while the first token is valid, and after that with 200. */
  const answer = (authorization) => {
    seen.push(authorization);
    return token() === 'first' ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200, headers: {} };
  };
  // No real server is needed: both families take their transport from outside.
  globalThis.fetch = async (url, { headers }) => {
    const { status, headers: given } = answer(new Headers(headers).get('authorization'));
    return new Response('{"value":1}', { status, headers: { ...given, 'content-type': 'application/json' } });
  };
  /** Of either version: Storage takes a client of the older one. */
  const headersOf = (given) => Object.assign(createHttpHeaders(given), { toJson: () => given });
  const httpClient = {
    sendRequest: async (request) => {
      const authorization = request.headers.get('authorization');
      if (authorization === undefined) {
        const challenge =
          'Bearer authorization="https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee", resource="https://vault.azure.net"';
        return { request, status: 401, headers: headersOf({ 'www-authenticate': challenge }) };
      }
      const { status, headers } = answer(authorization);
      return { request, status, headers: headersOf(headers), bodyAsText: secret };
    },
  };
  await call({ token, credential, httpClient });
  return [seen.at(0), seen.at(-1)];
}

const result = {
  'microsoft-graph-client': await presented(({ token }) => {
    const authProvider = { getAccessToken: async () => token() };
    return graph.Client.initWithMiddleware({ authProvider }).api('/me').get();
  }),
  kiota: await presented(({ token }) => {
    const allowed = new AllowedHostsValidator(new Set(['graph.microsoft.com']));
    const provider = { getAuthorizationToken: async () => token(), getAllowedHostsValidator: () => allowed };
    const information = new RequestInformation(HttpMethod.GET);
    information.URL = graphUrl;
    const adapter = new FetchRequestAdapter(new BaseBearerTokenAuthenticationProvider(provider));
    return adapter.sendPrimitive(information, 'ArrayBuffer', undefined);
  }),
  'keyvault-secrets': await presented(({ credential, httpClient }) =>
    new SecretClient('https://contoso.vault.azure.net', credential, { httpClient }).getSecret('s'),
  ),
  'storage-blob': await presented(({ credential, httpClient }) =>
    new BlobServiceClient('https://contoso.blob.core.windows.net', credential, {
      httpClient,
      retryOptions: { retryDelayInMs: 1_000 },
    })
      .getContainerClient('c')
      .exists(),
  ),
};
console.log(result);
const kept = ['Bearer first', 'Bearer first'];
assert.deepEqual(result, {
  'microsoft-graph-client': kept,
  kiota: kept,
  'keyvault-secrets': kept,
  'storage-blob': ['Bearer first', 'Bearer second'],
});
PROGRAM
node finding.mjs
