#!/bin/sh
# @azure/core-rest-pipeline 1.24.0, so @azure/identity and the clients of Azure: `NO_PROXY` exempts less than elsewhere. Only a
# whole host name in lower case, or a domain with a dot in front, between commas, counts. `*`, `*.domain`, a port, upper case
# and a list with spaces are passed over without a word, and the request goes to the proxy. So does one to http, such as
# that for a token of a managed identity, with `HTTPS_PROXY` alone. fetch of undici 7.30.2 and axios 1.21.1 exempt all of them.
# Seen: 'proxy' for azure, 'direct' for undici and axios in each of the six cases; 'direct' for all with the two forms that count
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/core-rest-pipeline@1.24.0 undici@7.30.2 axios@1.21.1
cat >request.mjs <<'PROGRAM'
import axios from 'axios';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from '@azure/core-rest-pipeline';

const [, , client, url] = process.argv;
const clients = {
  azure: () => {
    const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
    const request = createPipelineRequest({ url, allowInsecureConnection: true, timeout: 5_000 });
    return pipeline.sendRequest(createDefaultHttpClient(), request);
  },
  undici: () => fetch(url, { dispatcher: new EnvHttpProxyAgent(), signal: AbortSignal.timeout(5_000) }),
  axios: () => axios.get(url, { timeout: 5_000 }),
};
await clients[client]().catch(() => undefined);
process.exit();
PROGRAM
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import net from 'node:net';
import { promisify } from 'node:util';

let asked = 0;
const proxy = net.createServer((socket) => {
  asked++;
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'));
});
await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy/i.test(name)));

/** How each client goes, in a process of its own. */
async function ways(url, exempt) {
  const HTTPS_PROXY = `http://127.0.0.1:${proxy.address().port}`;
  const env = { ...environment, HTTPS_PROXY, NO_PROXY: exempt };
  const seen = [];
  for (const client of ['azure', 'undici', 'axios']) {
    asked = 0;
    await promisify(execFile)(process.execPath, ['request.mjs', client, url], { env });
    seen.push(`${client}: ${asked > 0 ? 'proxy' : 'direct'}`);
  }
  return seen.join(', ');
}

const host = 'contoso.vault.invalid';
const counted = [host, '.vault.invalid'];
const passedOver = ['*', '*.vault.invalid', `${host}:443`, 'Contoso.Vault.invalid', `login.invalid ${host}`];
const seen = {};
for (const exempt of ['', ...counted, ...passedOver]) seen[exempt] = await ways(`https://${host}/`, exempt);
seen.http = await ways('http://127.0.0.1:9/metadata/identity/oauth2/token', '');
console.log(seen);
proxy.close();
assert.equal(seen[''], 'azure: proxy, undici: proxy, axios: proxy');
for (const exempt of counted) assert.equal(seen[exempt], 'azure: direct, undici: direct, axios: direct');
for (const exempt of [...passedOver, 'http']) assert.equal(seen[exempt], 'azure: proxy, undici: direct, axios: direct');
PROGRAM
node finding.mjs
