#!/bin/sh
# @azure/data-tables 13.3.2: a table server of Azurite at https://localhost gets a token for Cosmos DB, whose audience Azurite refuses,
# unless the account has the name 'devstoreaccount1'. The client takes each other path on localhost for the emulator of Cosmos DB.
# The same server at https://127.0.0.1 gets a token for storage, and so does one for blobs on localhost (@azure/storage-blob 12.34.0).
# Seen: cosmos.azure.com for localhost with an account of its own; storage.azure.com for 127.0.0.1, and for devstoreaccount1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/data-tables@13.3.2 @azure/storage-blob@12.34.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';

/** The scope that a client asks for. No request is sent. */
async function scope(request) {
  const scopes = [];
  const getToken = async (asked) => {
    scopes.push(asked);
    throw new Error('asked');
  };
  await assert.rejects(request({ getToken }), /asked/);
  return String(scopes[0]);
}
const entity = { partitionKey: 'a', rowKey: 'b' };
const table = (url) => scope((credential) => new TableClient(url, 'notes', credential).createEntity(entity));
const blob = (url) => scope((credential) => new BlobServiceClient(url, credential).getProperties());

const seen = {
  ownAccount: await table('https://localhost:10002/notesaccount'),
  ownAccountByAddress: await table('https://127.0.0.1:10002/notesaccount'),
  emulatorAccount: await table('https://localhost:10002/devstoreaccount1'),
  blobs: await blob('https://localhost:10000/notesaccount'),
};
console.log(seen);
const storage = 'https://storage.azure.com/.default';
assert.deepEqual(seen, {
  ownAccount: 'https://cosmos.azure.com/.default',
  ownAccountByAddress: storage,
  emulatorAccount: storage,
  blobs: storage,
});
PROGRAM
node finding.mjs
