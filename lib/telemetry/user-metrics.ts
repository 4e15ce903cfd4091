import type { Attributes, BatchObservableCallback, Meter } from '@opentelemetry/api';

import { resourceNames, type ObservedUserEvent, type ObservedUsers } from './observed.js';

/**
 * Reports how many users' tokens are held, what was done for them, and what failed. No attribute names a user.
 *
 * @returns ends it
 */
export function measureUsers(meter: Meter, users: ObservedUsers): () => void {
  const stopObserving = observeUsers(meter, users);
  const failures = meter.createCounter('entra.user.token.failures', {
    unit: '{failure}',
    description: 'Requests that gave no token of a user, those that Entra wants the user for included.',
  });
  const resourceOf = resourceNames(users);
  const subscription = users.events.subscribe((event) => {
    if (!('resource' in event)) return;
    const { grant } = event;
    failures.add(1, {
      'entra.resource': resourceOf(event),
      'entra.user.grant': grant,
      ...reasonOf(event),
    });
  });
  return () => {
    stopObserving();
    subscription.unsubscribe();
  };
}

function reasonOf(event: Extract<ObservedUserEvent, { resource: string }>): Attributes {
  const { code, aadsts } =
    event.type === 'user-token-failed'
      ? { code: event.error.code, aadsts: Reflect.get(event.error, 'aadsts') as unknown }
      : event;
  return { 'error.type': code, ...(typeof aadsts === 'number' && { 'entra.aadsts': aadsts }) };
}

function observeUsers(meter: Meter, users: ObservedUsers): () => void {
  const instruments = createInstruments(meter);
  const observe: BatchObservableCallback = (result) => {
    const { shared, ...state } = users.state();
    result.observe(instruments.held, state.users);
    result.observe(instruments.requests, state.exchanges);
    result.observe(instruments.evictions, state.evictions);
    result.observe(instruments.refused, state.refused);
    result.observe(instruments.unsaved, state.unsaved);
    if (shared === undefined) return;
    result.observe(instruments.lookups, shared.hits, { 'entra.cache.outcome': 'hit' });
    result.observe(instruments.lookups, shared.misses, { 'entra.cache.outcome': 'miss' });
    result.observe(instruments.unreadable, shared.unreadable);
    result.observe(instruments.cacheFailures, shared.failures);
    result.observe(instruments.paused, shared.isPaused ? 1 : 0);
  };
  const all = Object.values(instruments);
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

function createInstruments(meter: Meter) {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`entra.user.${name}`, { unit, description });
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(`entra.user.${name}`, { unit, description });
  return {
    held: gauge('held', '{user}', 'Callers and sign-ins whose tokens are held in memory.'),
    requests: counter('token.requests', '{request}', "Requests for users' tokens that were begun."),
    evictions: counter('evictions', '{user}', 'Live users that made room for others.'),
    refused: gauge(
      'sign_ins.refused',
      '{sign-in}',
      'Stored sign-ins that Entra has refused, as far as known.',
    ),
    unsaved: gauge('sign_ins.unsaved', '{sign-in}', 'New refresh tokens that could not be stored yet.'),
    lookups: counter('cache.lookups', '{lookup}', 'Looks into the shared cache.'),
    unreadable: counter('cache.unreadable', '{record}', 'Records of the shared cache that cannot be used.'),
    cacheFailures: counter('cache.failures', '{failure}', 'Commands of the shared cache that failed.'),
    paused: gauge('cache.paused', '1', '1 while the shared cache fails and is left alone, else 0.'),
  };
}
