#!/bin/sh
# kafkajs 2.2.4: one rejection of `oauthBearerProvider` stops a consumer for good. A login is repeated only after an error that has
# `retriable: true`, and no error of @azure/identity has that. `retry.retries` does not count, the consumer disconnects, emits CRASH
# with `restart: false`, and does not ask `restartOnFailure`. The process runs on without consuming, also when a token could be
# had a moment later.
# Seen: asked twice, the second time in vain, then CRASH without a restart; with `retriable: true` asked a third time, no CRASH
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund kafkajs@2.2.4
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const int16 = (...values) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
const int32 = (...values) => Buffer.concat(values.map((value) => int16(value >>> 16, value & 0xffff)));
const string = (text) => Buffer.concat([int16(text.length), Buffer.from(text)]);
const array = (...elements) => Buffer.concat([int32(elements.length), ...elements]);

// Two brokers that take every token. The second one coordinates the group, and lets its members wait.
const ports = [];
const api = { metadata: 3, findCoordinator: 10, joinGroup: 11, saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 };
const newest = { [api.saslHandshake]: 1, [api.apiVersions]: 2 };
const versions = Object.values(api).map((key) => int16(key, newest[key] ?? 0, newest[key] ?? 0));
const broker = (id) => Buffer.concat([int32(id), string('127.0.0.1'), int32(ports[id])]);
const partition = Buffer.concat([int16(0), int32(0), int32(0), array(int32(0)), array(int32(0))]);
const topic = Buffer.concat([int16(0), string('notes'), array(partition)]);
const responses = {
  [api.apiVersions]: () => Buffer.concat([int16(0), array(...versions), int32(0)]),
  [api.saslHandshake]: () => Buffer.concat([int16(0), array(string('OAUTHBEARER'))]),
  [api.saslAuthenticate]: () => Buffer.concat([int16(0, -1), int32(0)]),
  [api.metadata]: () => Buffer.concat([array(broker(0), broker(1)), array(topic)]),
  [api.findCoordinator]: () => Buffer.concat([int16(0), broker(1)]),
};
for (const id of [0, 1]) {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (request) => {
      const respond = responses[request.readInt16BE(4)];
      if (respond === undefined) return;
      const body = Buffer.concat([request.subarray(8, 12), respond()]);
      socket.write(Buffer.concat([int32(body.length), body]));
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  ports[id] = server.address().port;
}

/** A consumer whose second login finds no token. */
async function consume(properties) {
  const seen = { asked: 0, crashes: [], restartsAsked: 0 };
  const oauthBearerProvider = async () => {
    if (++seen.asked === 2) throw Object.assign(new Error('no token'), properties);
    return { value: 'token' };
  };
  const restartOnFailure = async () => {
    seen.restartsAsked++;
    return true;
  };
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${ports[0]}`],
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider },
    retry: { retries: 5, initialRetryTime: 50, restartOnFailure },
    logLevel: logLevel.NOTHING,
  });
  const consumer = kafka.consumer({ groupId: 'readers' });
  consumer.on(consumer.events.CRASH, ({ payload }) => seen.crashes.push([payload.error.message, payload.restart]));
  await consumer.connect();
  await consumer.subscribe({ topic: 'notes' });
  void consumer.run({ eachMessage: async () => undefined });
  await sleep(5_000);
  return seen;
}

const [plain, retriable] = await Promise.all([consume({}), consume({ retriable: true })]);
console.dir({ plain, retriable }, { depth: 4 });
assert.deepEqual(plain, { asked: 2, crashes: [['no token', false]], restartsAsked: 0 });
assert.deepEqual(retriable, { asked: 3, crashes: [], restartsAsked: 0 });
process.exit();
PROGRAM
node finding.mjs
