#!/bin/sh
# @azure/storage-blob 12.34.0: a batch asks the credential once for each blob, one after the other, before its single request is sent.
# Each part of a batch has a pipeline of its own, with a cache of tokens of its own, and the outer request has another. The
# client's own requests ask once in the life of a token. With a credential that keeps no token, a batch of 256 blobs sends
# 256 token requests, or starts the Azure CLI 256 times, since `AzureCliCredential` has no cache; one rejection fails it whole.
# Seen: 101 calls of getToken for a batch of 100 blobs, never two at once, then 1 request; 1 call for 100 requests for single blobs
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/storage-blob@12.34.0
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';

const boundary = 'batchresponse';
const part = (_, id) =>
  `--${boundary}\r\nContent-Type: application/http\r\nContent-ID: ${id}\r\n\r\nHTTP/1.1 202 Accepted\r\nx-ms-request-id: ${id}\r\n\r\n`;

// A storage account that takes every deletion.
let requests = 0;
const server = createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }, async (request, response) => {
  requests++;
  let body = '';
  for await (const chunk of request) body += chunk;
  if (request.method === 'DELETE') return response.writeHead(202).end();
  const parts = Array.from(body.match(/^DELETE/gm), part);
  response.writeHead(202, { 'content-type': `multipart/mixed; boundary=${boundary}` });
  response.end(`${parts.join('')}--${boundary}--`);
});
await once(server.listen(0, 'localhost'), 'listening');

/** Deletes 100 blobs with a client of its own. */
async function deletion(remove) {
  const count = { asked: 0, atOnce: 0, requests: 0 };
  let underWay = 0;
  const credential = {
    getToken: async () => {
      count.asked++;
      count.atOnce = Math.max(count.atOnce, ++underWay);
      await sleep(5);
      underWay--;
      return { token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const service = new BlobServiceClient(`https://localhost:${server.address().port}/account`, credential);
  const container = service.getContainerClient('notes');
  requests = 0;
  const deleted = await remove(container, Array.from({ length: 100 }, (_, n) => container.getBlobClient(`note-${n}`)));
  return { ...count, requests, deleted };
}

const seen = {
  batch: await deletion(async (container, blobs) => {
    const { subResponsesSucceededCount } = await container.getBlobBatchClient().deleteBlobs(blobs);
    return subResponsesSucceededCount;
  }),
  single: await deletion(async (_, blobs) => {
    for (const blob of blobs) await blob.delete();
    return blobs.length;
  }),
};
console.log(seen);
assert.deepEqual(seen, {
  batch: { asked: 101, atOnce: 1, requests: 1, deleted: 100 },
  single: { asked: 1, atOnce: 1, requests: 100, deleted: 100 },
});
process.exit();
PROGRAM
NODE_EXTRA_CA_CERTS=cert.pem node finding.mjs
