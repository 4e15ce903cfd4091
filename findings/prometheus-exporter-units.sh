#!/bin/sh
# @opentelemetry/exporter-prometheus 0.301.0 with sdk-metrics 3.1.0: a metric's name gets no unit.
# A gauge with the unit 's' stays 'token_remaining' instead of 'token_remaining_seconds', which the compatibility part of
# OpenTelemetry's specification asks for, and its '# UNIT' line holds the UCUM unit, which OpenMetrics allows only as
# the end of the name. Queries written for other languages' exporters find nothing.
# Seen: '# UNIT token_remaining s' and 'token_remaining{…} 60'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @opentelemetry/api@1.10.0 @opentelemetry/sdk-metrics@3.1.0 @opentelemetry/exporter-prometheus@0.301.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

const reader = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [reader] }).getMeter('finding');
const gauge = meter.createObservableGauge('token.remaining', { unit: 's' });
gauge.addCallback((result) => result.observe(60, { resource: 'graph' }));
meter.createCounter('token.requests', { unit: '{request}' }).add(1);
const { resourceMetrics } = await reader.collect();
const lines = new PrometheusSerializer().serialize(resourceMetrics).split('\n');
const seen = lines.filter((line) => /^(# UNIT |token_)/.test(line));
console.log(seen.join('\n'));
assert.equal(seen[0], '# UNIT token_remaining s');
assert.match(seen[1], /^token_remaining\{.*\} 60$/);
assert.equal(seen[2], '# UNIT token_requests_total {request}');
PROGRAM
node finding.mjs
