#!/bin/sh
# @azure/event-hubs 6.0.4: the life of the first token sets the interval of all renewals. A client that connected with a
# token of two more hours renews every 118 minutes from then on, also when the token that a renewal brought ends after ten:
# from there to the next renewal it sends on a connection whose token has expired. A renewal that fails is followed by the next
# one after the whole interval, too. @azure/service-bus 7.9.5 goes by the last token, but a failed renewal is its last.
# Lives are two minutes longer here than the times at which the clients renew, since they renew so much ahead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/event-hubs@6.0.4 @azure/service-bus@7.9.5 rhea@3.0.5
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import rhea from 'rhea';
import { EventHubProducerClient } from '@azure/event-hubs';
import { ServiceBusClient } from '@azure/service-bus';

/** Takes every token, and every message. */
async function listen() {
  const container = rhea.create_container({ id: 'namespace' });
  const replies = new Map();
  container.on('sender_open', ({ sender }) => {
    sender.set_source({ address: sender.remote.attach.source?.address });
    if (sender.remote.attach.target?.address) replies.set(sender.remote.attach.target.address, sender);
    replies.set(sender.connection, sender);
  });
  container.on('receiver_open', ({ receiver }) => receiver.set_target({ address: receiver.remote.attach.target?.address }));
  container.on('message', ({ message, connection, receiver }) => {
    if (receiver.target?.address !== '$cbs') return;
    replies.get(connection).send({
      correlation_id: message.message_id,
      application_properties: { 'status-code': 202, 'status-description': 'Accepted' },
    });
  });
  const server = container.listen({
    port: 0, host: 'localhost', transport: 'tls', key: readFileSync('key.pem'), cert: readFileSync('cert.pem'),
  });
  await once(server, 'listening');
  return server;
}

/** When tokens were asked for, in seconds from the first. `lives` are seconds to the renewal; `Error` fails. */
async function askedAt(open, lives) {
  const times = [];
  const credential = {
    getToken: async () => {
      times.push(Date.now());
      const life = lives[Math.min(times.length, lives.length) - 1];
      if (life === Error) throw new Error('no token');
      return { token: `token-${times.length}`, expiresOnTimestamp: Date.now() + 120_000 + life * 1_000 };
    },
  };
  const close = await open(credential);
  await sleep(10_000);
  await close();
  return times.map((time) => Math.round((time - times[0]) / 1_000));
}

const server = await listen();
const port = server.address().port;
const eventHubs = async (credential) => {
  const client = new EventHubProducerClient('localhost', 'hub', credential, { customEndpointAddress: `sb://localhost:${port}` });
  await client.sendBatch([{ body: 'x' }]);
  return () => client.close();
};
const serviceBus = async (credential) => {
  const client = new ServiceBusClient('localhost', credential, { customEndpointAddress: `sb://localhost:${port}` });
  await client.createSender('queue').sendMessages({ body: 'x' });
  return () => client.close();
};
const [shorter, failed] = [[4, 1], [3, Error, 3]];
const seen = {
  eventHubs: { shorter: await askedAt(eventHubs, shorter), failed: await askedAt(eventHubs, failed) },
  serviceBus: { shorter: await askedAt(serviceBus, shorter), failed: await askedAt(serviceBus, failed) },
};
console.log(seen);
server.close();
assert.deepEqual(seen, {
  eventHubs: { shorter: [0, 4, 8], failed: [0, 3, 6, 9] },
  serviceBus: { shorter: [0, 4, 5, 6, 7, 8, 9], failed: [0, 3] },
});
process.exit(0);
PROGRAM
NODE_EXTRA_CA_CERTS=cert.pem DEBUG=${DEBUG:-} timeout 60 node finding.mjs
