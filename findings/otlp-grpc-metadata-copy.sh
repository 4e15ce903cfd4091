#!/bin/sh
# @opentelemetry/exporter-trace-otlp-grpc 0.301.0: the access token in `metadata` is that of the first export for ever. The exporter copies
# the object then, so that `metadata.set('authorization', …)` with each new token changes nothing, and a collector that
# checks tokens refuses all spans once the first token has expired. @opentelemetry/exporter-trace-otlp-http reads `headers`, as
# an object or a function, for each export. With gRPC a generator of call credentials is asked each time, and needs TLS.
# Seen: Bearer first, second by HTTP, and by gRPC with a generator; Bearer first, first by gRPC with metadata
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @opentelemetry/api@1.10.0 @opentelemetry/exporter-trace-otlp-grpc@0.301.0 \
  @opentelemetry/exporter-trace-otlp-http@0.301.0 @grpc/grpc-js@1.14.7
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as HttpExporter } from '@opentelemetry/exporter-trace-otlp-http';

const cert = readFileSync('cert.pem');
let sent = [];

// A collector for each protocol, which notes the token of each export.
const overHttp = createServer((request, response) => {
  sent.push(request.headers.authorization);
  request.resume();
  response.setHeader('content-type', 'application/json');
  response.end('{}');
});
await once(overHttp.listen(0, '127.0.0.1'), 'listening');
const overGrpc = new grpc.Server();
const asIs = (bytes) => bytes;
const method = {
  path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
const collect = ({ metadata }, answer) => {
  sent.push(metadata.get('authorization')[0]);
  answer(null, Buffer.alloc(0));
};
overGrpc.addService({ Export: method }, { Export: collect });
const tls = grpc.ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: readFileSync('key.pem') }]);
const port = await new Promise((resolve, reject) =>
  overGrpc.bindAsync('localhost:0', tls, (error, bound) => (error ? reject(error) : resolve(bound))),
);
const httpUrl = `http://127.0.0.1:${overHttp.address().port}`;
const grpcUrl = `https://localhost:${port}`;

const time = [1, 0];
const spanContext = () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 });
const resource = { attributes: {}, asyncAttributesPending: false };
const instrumentationScope = { name: 'finding' };
const counts = { droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 };
const lists = { attributes: {}, links: [], events: [] };
const times = { startTime: time, endTime: time, duration: time, ended: true };
const span = { name: 'span', kind: 0, spanContext, status: { code: 0 }, resource, instrumentationScope, ...counts, ...lists, ...times };

/** The tokens of two exports, between which the token changes. */
async function tokensOf(create) {
  sent = [];
  let current = 'Bearer first';
  const { exporter, change } = create(() => current);
  const send = () => new Promise((resolve) => exporter.export([span], resolve));
  const first = await send();
  current = 'Bearer second';
  change?.(current);
  const second = await send();
  assert.deepEqual([first.code, second.code], [0, 0]);
  await exporter.shutdown();
  return sent;
}

const seen = {
  httpObject: await tokensOf((current) => {
    const headers = { authorization: current() };
    return { exporter: new HttpExporter({ url: httpUrl, headers }), change: (token) => (headers.authorization = token) };
  }),
  httpFunction: await tokensOf((current) => {
    return { exporter: new HttpExporter({ url: httpUrl, headers: async () => ({ authorization: current() }) }) };
  }),
  grpcMetadata: await tokensOf((current) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', current());
    const exporter = new GrpcExporter({ url: grpcUrl, metadata, credentials: grpc.credentials.createSsl(cert) });
    return { exporter, change: (token) => metadata.set('authorization', token) };
  }),
  grpcGenerator: await tokensOf((current) => {
    const generator = (_, done) => {
      const metadata = new grpc.Metadata();
      metadata.set('authorization', current());
      done(null, metadata);
    };
    const call = grpc.credentials.createFromMetadataGenerator(generator);
    const credentials = grpc.credentials.combineChannelCredentials(grpc.credentials.createSsl(cert), call);
    return { exporter: new GrpcExporter({ url: grpcUrl, credentials }) };
  }),
};
console.log(seen);
const both = ['Bearer first', 'Bearer second'];
assert.deepEqual(seen, {
  httpObject: both,
  httpFunction: both,
  grpcMetadata: ['Bearer first', 'Bearer first'],
  grpcGenerator: both,
});
process.exit();
PROGRAM
node finding.mjs
