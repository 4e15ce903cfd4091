import { afterEach, describe, expect, it } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { AccessToken } from 'nestjs-entra-auth';
import { Subject } from 'rxjs';

import type { ObservedLogin } from '../../../lib/telemetry/observed.js';
import { startTelemetry } from '../../../lib/telemetry/start-telemetry.js';
import { createEngine } from '../../support/engine.js';

const second = 1_000;
const hour = 3_600 * second;
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** The engine of a test, reported to the real SDK, whose reader collects when it is asked. */
function setUp() {
  const { engine, service, clock, credential } = createEngine({ resources: { graph: {} } });
  const reader = new PrometheusExporter({ preventServerStart: true });
  const spans = new InMemorySpanExporter();
  const meters = new MeterProvider({ readers: [reader] });
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
  const logins = new Subject<ObservedLogin>();
  const tokens = {
    events: engine.events,
    state: () => engine.state(),
    isConfigured: (name: string) => name === 'graph',
    now: () => clock.now(),
  };
  const stop = startTelemetry({ metrics: meters, trace: tracers }, tokens, logins);
  stops.push(stop);
  /** The numbers of a metric, by attributes; the number of values of a histogram. */
  const read = async (name: string): Promise<Record<string, number>> => {
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const found = metrics.find(({ descriptor }) => descriptor.name === name);
    const points = (found?.dataPoints ?? []).map(({ attributes, value }): [string, number] => [
      Object.values(attributes).join(' '),
      typeof value === 'number' ? value : value.count,
    ]);
    return Object.fromEntries(points);
  };
  return { engine, service, clock, credential, logins, spans, read, stop };
}

describe('the metrics of tokens', () => {
  it('follow a token through a refresh', async () => {
    const { service, clock, read } = setUp();
    await service.getToken('graph');
    await clock.advance(600 * second);
    expect(await read('entra.token.age')).toEqual({ graph: 600 });
    expect(await read('entra.token.remaining')).toEqual({ graph: 3_000 });
    expect(await read('entra.token.life')).toEqual({ graph: 3_600 });
    await clock.advance(hour / 2);
    expect((await read('entra.token.refresh.duration'))['graph refreshed']).toBe(1);
    expect((await read('entra.token.age'))['graph']).toBeLessThan(1_800);
  });

  it('count failures by error and AADSTS code, and say that a person must sign in', async () => {
    const { service, clock, credential, read } = setUp();
    await service.getToken('graph');
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    await clock.advance(hour / 2);
    const failures = await read('entra.token.refresh.duration');
    expect(failures['graph failed ENTRA_TOKEN_UNAVAILABLE 7000222']).toBeGreaterThan(0);
    expect((await read('entra.token.consecutive_failures'))['graph']).toBeGreaterThan(0);
    expect(await read('entra.token.reauthentication_required')).toEqual({ graph: 0 });
  });

  it('count rejections', async () => {
    const { service, read } = setUp();
    service.invalidate(await service.getToken('graph'));
    expect(await read('entra.token.rejections')).toEqual({ graph: 1 });
  });

  it('have one name for all tokens on demand, whose scopes have no bound', async () => {
    const { service, read } = setUp();
    for (let n = 0; n < 20; n++) await service.getToken(`https://api-${n}.example/.default`);
    expect(await read('entra.token.refresh.duration')).toEqual({ '(on demand) acquired': 20 });
    expect(Object.keys(await read('entra.token.age'))).toEqual([]);
  });

  it('end with the application', async () => {
    const { service, clock, read, stop } = setUp();
    await service.getToken('graph');
    const before = await read('entra.token.refresh.duration');
    await read('entra.token.age');
    stop();
    await clock.advance(hour);
    expect(await read('entra.token.refresh.duration')).toEqual(before);
    // The SDK repeats the last value of a gauge that is observed no more.
    expect(await read('entra.token.age')).toEqual({ graph: 0 });
  });
});

describe('the metrics of logins', () => {
  it('count them by data source and outcome', async () => {
    const { logins, read } = setUp();
    for (const outcome of ['accepted', 'accepted', 'refused'] as const) {
      logins.next({ dataSource: 'default', durationInMs: 12, outcome });
    }
    expect(await read('entra.login.duration')).toEqual({ 'default accepted': 2, 'default refused': 1 });
  });
});

describe('the spans', () => {
  it('cover an attempt, from its beginning to its end, and no look-up', async () => {
    const { service, clock, credential, spans } = setUp();
    let arrive: (token: AccessToken) => void = () => undefined;
    credential.answer(() => new Promise((resolve) => (arrive = resolve)));
    const token = service.getToken('graph');
    await clock.advance(250);
    arrive(credential.issue());
    await token;
    for (let n = 0; n < 10; n++) await service.getToken('graph');
    const [span, ...more] = spans.getFinishedSpans();
    expect(more).toEqual([]);
    expect(span).toMatchObject({
      name: 'entra.token.refresh',
      attributes: { 'entra.resource': 'graph', 'entra.refresh.outcome': 'acquired' },
      duration: [0, 250_000_000],
    });
  });

  it('have the error of one that failed, and nothing of a token', async () => {
    const { service, clock, credential, spans } = setUp();
    credential.answer(() => credential.issueForDatabase());
    const { token } = await service.getToken('graph');
    credential.fail(`refused ${token}`);
    await clock.advance(hour / 2);
    const failed = spans.getFinishedSpans().find(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed?.status.message).toContain('No access token could be obtained for the resource "graph"');
    expect(
      JSON.stringify(spans.getFinishedSpans().map(({ attributes, status }) => [attributes, status])),
    ).not.toContain(token);
  });
});
