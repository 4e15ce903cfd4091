import { afterEach, describe, expect, it } from '@jest/globals';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { Subject } from 'rxjs';

import type { TokenEvent } from '../../../lib/engine/token-event.js';
import type { TokenState } from '../../../lib/engine/token-state.js';
import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import type { ObservedLogin } from '../../../lib/telemetry/observed.js';
import { startTelemetry } from '../../../lib/telemetry/start-telemetry.js';

const now = 1_700_000_000_000;
const at = new Date(now);
const bare: TokenState = {
  resource: 'graph',
  configured: true,
  state: 'pending',
  refreshes: 0,
  failures: 0,
  consecutiveFailures: 0,
};
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Telemetry of states and events that the test gives, in the real SDK. */
function observe(...states: TokenState[]) {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const spans = new InMemorySpanExporter();
  const meters = new MeterProvider({ readers: [reader] });
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
  const events = new Subject<TokenEvent>();
  const logins = new Subject<ObservedLogin>();
  const tokens = { events, state: () => states, isConfigured: () => true, now: () => now };
  const stop = startTelemetry({ metrics: meters, trace: tracers }, tokens, logins);
  stops.push(stop);
  const collect = async () => {
    const { scopeMetrics } = (await reader.collect()).resourceMetrics;
    return scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.map((one) => ({ ...one, scope: scope.name })),
    );
  };
  const pointsOf = async (name: string) =>
    (await collect())
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap((metric) => metric.dataPoints.map(({ attributes, value }) => ({ attributes, value })));
  const valueOf = async (name: string) => (await pointsOf(name)).map(({ value }) => value);
  return { events, logins, spans, stop, collect, pointsOf, valueOf };
}

describe('the gauges of a token', () => {
  it.each<[string, Partial<TokenState>, number[]]>([
    ['entra.token.reauthentication_required', { state: 'fresh' }, [0]],
    ['entra.token.reauthentication_required', { state: 'reauthentication-required' }, [1]],
    [
      'entra.token.reauthentication_required',
      {
        state: 'pending',
        credential: { name: 'reauthentication-required', obtainedOn: null, expiresBy: null },
      },
      [1],
    ],
    [
      'entra.token.reauthentication_required',
      { state: 'degraded', credential: { name: 'degraded', obtainedOn: null, expiresBy: null } },
      [0],
    ],
    ['entra.token.clock_skew', {}, [0]],
    ['entra.token.clock_skew', { clockAheadInMs: -90_000 }, [-90]],
    ['entra.token.consecutive_failures', { consecutiveFailures: 3 }, [3]],
    ['entra.credential.expired', {}, [0]],
    ['entra.credential.expired', { clientCredential: { kind: 'secret', isExpired: false } }, [0]],
    ['entra.credential.expired', { clientCredential: { kind: 'secret', isExpired: true } }, [1]],
    ['entra.credential.remaining', { clientCredential: { kind: 'secret', isExpired: true } }, []],
    [
      'entra.credential.remaining',
      { clientCredential: { kind: 'certificate', isExpired: false, expiresAt: new Date(now + 5_000) } },
      [5],
    ],
    ['entra.refresh_token.redemptions', {}, []],
    ['entra.refresh_token.redemptions', { redemptions: 0 }, [0]],
    ['entra.refresh_token.redemptions', { redemptions: 7 }, [7]],
    ['entra.token.remaining', {}, []],
    ['entra.token.remaining', { acquiredAt: at }, []],
    ['entra.token.remaining', { expiresAt: at }, []],
    ['entra.token.remaining', { acquiredAt: at, expiresAt: new Date(now - 2_000) }, [-2]],
    ['entra.token.age', { acquiredAt: new Date(now - 4_000), expiresAt: new Date(now + 6_000) }, [4]],
    ['entra.token.life', { acquiredAt: new Date(now - 4_000), expiresAt: new Date(now + 6_000) }, [10]],
  ])('%s with %j: %j', async (name, state, expected) => {
    expect(await observe({ ...bare, ...state }).valueOf(name)).toEqual(expected);
  });

  it('leave out a token on demand, and name the resource of each other', async () => {
    const { pointsOf } = observe(bare, { ...bare, resource: 'api' }, { ...bare, configured: false });
    const points = await pointsOf('entra.token.consecutive_failures');
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { 'entra.resource': 'graph' },
      { 'entra.resource': 'api' },
    ]);
  });
});

it('has a unit for each metric, all under the name of the package', async () => {
  const held = { acquiredAt: at, expiresAt: at, redemptions: 1 };
  const clientCredential = { kind: 'certificate', isExpired: false, expiresAt: at } as const;
  const { events, logins, collect } = observe({ ...bare, ...held, clientCredential });
  const obtained = { resource: 'graph', at, expiresAt: at, nextRefreshAt: at, durationInMs: 1 };
  events.next({ ...obtained, type: 'acquired' });
  events.next({ type: 'rejected', resource: 'graph', at, expiresAt: at });
  events.next({ type: 'credential-degraded', resource: 'graph', at, problem: '', fix: '' });
  logins.next({ dataSource: 'default', durationInMs: 1, outcome: 'accepted' });
  const metrics = await collect();
  expect(new Set(metrics.map(({ scope }) => scope))).toEqual(new Set(['nestjs-entra-auth']));
  const units = metrics.map(({ descriptor }) => [descriptor.name, descriptor.unit]);
  expect(Object.fromEntries(units)).toEqual({
    'entra.token.remaining': 's',
    'entra.token.age': 's',
    'entra.token.life': 's',
    'entra.token.consecutive_failures': '{failure}',
    'entra.token.reauthentication_required': '1',
    'entra.token.clock_skew': 's',
    'entra.token.refresh.duration': 's',
    'entra.token.rejections': '{rejection}',
    'entra.credential.remaining': 's',
    'entra.credential.expired': '1',
    'entra.credential.store_failures': '{failure}',
    'entra.refresh_token.redemptions': '{redemption}',
    'entra.login.duration': 's',
  });
});

describe('the durations', () => {
  const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

  it('of a login are in seconds, in buckets up to the longest wait', async () => {
    const { logins, pointsOf } = observe();
    logins.next({ dataSource: 'reports', durationInMs: 1_500, outcome: 'failed' });
    expect(await pointsOf('entra.login.duration')).toMatchObject([
      {
        attributes: { 'entra.data_source': 'reports', 'entra.login.outcome': 'failed' },
        value: { sum: 1.5, count: 1, buckets: { boundaries: [...bounds, 15] } },
      },
    ]);
  });

  it('of an attempt are in seconds, in buckets up to the longest attempt', async () => {
    const { events, pointsOf } = observe();
    const obtained = { resource: 'graph', at, expiresAt: at, nextRefreshAt: at };
    events.next({ ...obtained, type: 'refreshed', durationInMs: 250 });
    events.next({ ...obtained, type: 'refreshed' });
    expect(await pointsOf('entra.token.refresh.duration')).toMatchObject([
      {
        attributes: { 'entra.resource': 'graph', 'entra.refresh.outcome': 'refreshed' },
        value: { sum: 0.25, count: 1, buckets: { boundaries: [...bounds.slice(1), 10, 20] } },
      },
    ]);
  });
});

it.each(['credential-degraded', 'refresh-token-lost'] as const)(
  'counts %s as a store failure',
  async (type) => {
    const { events, pointsOf } = observe();
    events.next({ type, resource: 'graph', at, problem: 'disk full', fix: 'Make room.' });
    events.next({ type: 'credential-recovered', resource: 'graph', at });
    expect(await pointsOf('entra.credential.store_failures')).toEqual([
      { attributes: { 'entra.resource': 'graph' }, value: 1 },
    ]);
  },
);

describe('the span of a failed attempt', () => {
  const failure = (aadsts?: number) =>
    ({
      type: 'refresh-failed',
      resource: 'graph',
      at,
      error: new TokenUnavailableError('graph', {
        problem: 'Refused.',
        fix: 'Ask again.',
        retryable: true,
        ...(aadsts !== undefined && { aadsts }),
      }),
      consecutiveFailures: 1,
      nextRefreshAt: at,
    }) as const;

  it('has its times, its error and the AADSTS code', () => {
    const { events, spans } = observe();
    events.next({ ...failure(50_173), durationInMs: 1_250 });
    const [span] = spans.getFinishedSpans();
    expect(span?.instrumentationScope.name).toBe('nestjs-entra-auth');
    expect(span?.startTime).toEqual([now / 1_000 - 2, 750_000_000]);
    expect(span?.endTime).toEqual([now / 1_000, 0]);
    expect(span?.attributes).toEqual({
      'entra.resource': 'graph',
      'entra.refresh.outcome': 'failed',
      'error.type': 'ENTRA_TOKEN_UNAVAILABLE',
      'entra.aadsts': 50_173,
    });
  });

  it('has no AADSTS code when Entra gave none, and is left out without a duration', () => {
    const { events, spans } = observe();
    events.next({ ...failure(), durationInMs: 1 });
    events.next(failure());
    expect(spans.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([
      {
        'entra.resource': 'graph',
        'entra.refresh.outcome': 'failed',
        'error.type': 'ENTRA_TOKEN_UNAVAILABLE',
      },
    ]);
  });
});

it('ends with the application: later logins and attempts are reported no more', async () => {
  const { events, logins, spans, stop, collect } = observe();
  stop();
  logins.next({ dataSource: 'default', durationInMs: 1, outcome: 'accepted' });
  events.next({
    type: 'refreshed',
    resource: 'graph',
    at,
    expiresAt: at,
    nextRefreshAt: at,
    durationInMs: 1,
  });
  events.next({ type: 'rejected', resource: 'graph', at, expiresAt: at });
  expect(spans.getFinishedSpans()).toEqual([]);
  expect((await collect()).map(({ descriptor }) => descriptor.name)).toEqual([]);
});
