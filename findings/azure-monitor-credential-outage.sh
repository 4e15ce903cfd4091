#!/bin/sh
# @azure/monitor-opentelemetry-exporter 1.0.0-beta.47, which @azure/monitor-opentelemetry 1.21.0 and so Application Insights use: an outage of
# the credential loses telemetry, and an outage of the service does not. Spans that cannot be sent, or that the service refuses
# with 401, are kept in a folder and sent later. When the credential rejects, since no token can be had for a while, they are
# dropped: the export fails once, nothing is kept, and only a logger of `diag` hears of it.
# Seen: kept after a refused connection and after a 401; neither kept nor sent after each of three errors of a credential
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @azure/monitor-opentelemetry-exporter@1.0.0-beta.47 @azure/identity@4.14.1 \
  @azure/core-rest-pipeline@1.25.1 @opentelemetry/sdk-trace-base@2.12.1
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { createHttpHeaders, RestError } from '@azure/core-rest-pipeline';
import { AuthenticationRequiredError, CredentialUnavailableError } from '@azure/identity';
import { AzureMonitorTraceExporter } from '@azure/monitor-opentelemetry-exporter';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = 'true';
const ingestion = 'https://ingestion.example/';
const connectionString = `InstrumentationKey=11111111-1111-1111-1111-111111111111;IngestionEndpoint=${ingestion}`;
const memory = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
provider.getTracer('notes').startSpan('request').end();

/** Exports one span, and looks whether it is kept in the folder. */
async function exported(getToken, respond) {
  let requests = 0;
  const httpClient = {
    sendRequest: async (request) => {
      requests++;
      return respond(request);
    },
  };
  const storageDirectory = mkdtempSync('kept-');
  const options = { connectionString, credential: { getToken }, httpClient, storageDirectory };
  const exporter = new AzureMonitorTraceExporter({ ...options, retryOptions: { maxRetries: 0 } });
  const { code } = await new Promise((done) => exporter.export(memory.getFinishedSpans(), done));
  await exporter.shutdown();
  const kept = readdirSync(storageDirectory, { recursive: true }).filter((name) => name.endsWith('.json')).length;
  return { hasSent: requests > 0, kept, code };
}

const token = async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 });
const rejects = (error) => () => Promise.reject(error);
const refuseConnection = (request) => {
  throw new RestError('connect ECONNREFUSED', { code: 'ECONNREFUSED', request });
};
const unauthorized = (request) => ({ request, status: 401, headers: createHttpHeaders(), bodyAsText: '' });
const unavailable = new CredentialUnavailableError('Network unreachable.');
const required = new AuthenticationRequiredError({ scopes: [], message: 'network_error' });

const seen = {
  connection: await exported(token, refuseConnection),
  unauthorized: await exported(token, unauthorized),
  unavailable: await exported(rejects(unavailable)),
  required: await exported(rejects(required)),
  plain: await exported(rejects(new Error('no token'))),
};
console.log(seen);
assert.deepEqual(seen.connection, { hasSent: true, kept: 1, code: 0 });
assert.deepEqual(seen.unauthorized, { hasSent: true, kept: 1, code: 0 });
for (const outcome of [seen.unavailable, seen.required, seen.plain]) {
  assert.deepEqual(outcome, { hasSent: false, kept: 0, code: 1 });
}
process.exit();
PROGRAM
node finding.mjs
