import { describe, expect, it } from '@jest/globals';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { Subject } from 'rxjs';

import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import type { ObservedUserEvent, ObservedUsers } from '../../../lib/telemetry/observed.js';
import { measureUsers } from '../../../lib/telemetry/user-metrics.js';

const idle = { users: 7, evictions: 6, exchanges: 5, refused: 4, unsaved: 3 };

/** Metrics of users that the test gives, in the real SDK. */
function observe(state: ReturnType<ObservedUsers['state']> = idle) {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const events = new Subject<ObservedUserEvent>();
  const isConfigured = (name: string): boolean => name === 'graph';
  const stop = measureUsers(meter, { events, state: () => state, isConfigured });
  const points = async (): Promise<Record<string, unknown[]>> => {
    const { scopeMetrics } = (await reader.collect()).resourceMetrics;
    const metrics = scopeMetrics.flatMap((scope) => scope.metrics);
    return Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value, attributes }) =>
          Object.keys(attributes).length === 0 ? value : { value, ...attributes },
        ),
      ]),
    );
  };
  return { events, stop, points };
}

describe('the metrics of users', () => {
  it('tell what is held and was done', async () => {
    expect(await observe().points()).toEqual({
      'entra.user.held': [7],
      'entra.user.token.requests': [5],
      'entra.user.evictions': [6],
      'entra.user.sign_ins.refused': [4],
      'entra.user.sign_ins.unsaved': [3],
    });
  });

  it('tell how the shared cache is, where there is one', async () => {
    const shared = { hits: 9, misses: 8, unreadable: 1, failures: 2, isPaused: true };
    expect(await observe({ ...idle, shared }).points()).toMatchObject({
      'entra.user.cache.lookups': [
        { value: 9, 'entra.cache.outcome': 'hit' },
        { value: 8, 'entra.cache.outcome': 'miss' },
      ],
      'entra.user.cache.unreadable': [1],
      'entra.user.cache.failures': [2],
      'entra.user.cache.paused': [1],
    });
    expect(await observe({ ...idle, shared: { ...shared, isPaused: false } }).points()).toMatchObject({
      'entra.user.cache.paused': [0],
    });
  });

  it('count failures by what is bounded, and name no user', async () => {
    const { events, points } = observe();
    const request = { resource: 'graph', grant: 'sign-in', userKey: 'key-of-ada' };
    const details = { problem: 'Refused.', fix: 'Renew it.', retryable: false };
    const error = new TokenUnavailableError('graph', { ...details, aadsts: 7000222 });
    events.next({ ...request, type: 'user-token-failed', error });
    events.next({ ...request, type: 'user-token-failed', error });
    events.next({
      ...request,
      type: 'user-token-failed',
      error: new TokenUnavailableError('graph', details),
    });
    const resource = 'https://vault.azure.net/.default';
    const code = 'ENTRA_USER_INTERACTION_REQUIRED';
    events.next({ ...request, resource, type: 'user-interaction-required', code, aadsts: 50076 });
    events.next({ type: 'user-tokens-recovered' });
    const common = { 'entra.user.grant': 'sign-in', 'entra.resource': 'graph' };
    const unavailable = { ...common, 'error.type': 'ENTRA_TOKEN_UNAVAILABLE' };
    expect((await points())['entra.user.token.failures']).toEqual([
      { value: 2, ...unavailable, 'entra.aadsts': 7000222 },
      { value: 1, ...unavailable },
      { value: 1, ...common, 'entra.resource': '(on demand)', 'error.type': code, 'entra.aadsts': 50076 },
    ]);
  });

  it('end', async () => {
    const { events, stop, points } = observe();
    stop();
    expect(events.observed).toBe(false);
    expect(await points()).toEqual({});
  });
});
