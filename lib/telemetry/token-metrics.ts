import type { Attributes, BatchObservableCallback, Meter } from '@opentelemetry/api';
import type { Observable, Subscription } from 'rxjs';

import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import { onDemandResource, type ObservedTokens } from './observed.js';

/**
 * Measures the tokens of the configured resources, and counts attempts. Tokens that callers asked for by scopes count as the
 * resource `(on demand)`: their names have no bound.
 */
export class TokenMetrics {
  readonly #tokens: ObservedTokens;
  readonly #subscription: Subscription;
  readonly #stopObserving: () => void;
  readonly #configured: ReadonlySet<string>;

  constructor(meter: Meter, tokens: ObservedTokens) {
    this.#tokens = tokens;
    this.#configured = new Set(tokens.state().map(({ resource }) => resource));
    this.#stopObserving = this.#observe(meter);
    this.#subscription = this.#count(meter, tokens.events);
  }

  stop(): void {
    this.#stopObserving();
    this.#subscription.unsubscribe();
  }

  /** Gauges are read when they are collected, so that a scrape sees the life that is left at that moment. */
  #observe(meter: Meter): () => void {
    const gauge = (name: string, unit: string, description: string) =>
      meter.createObservableGauge(`entra.token.${name}`, { unit, description });
    const remaining = gauge('remaining', 's', 'Time until the held token expires; negative after that.');
    const age = gauge('age', 's', 'Time since the held token was obtained.');
    const life = gauge('life', 's', 'How long the held token lives in all.');
    const failures = gauge('consecutive_failures', '{failure}', 'Failed attempts since the last success.');
    const signIn = gauge('reauthentication_required', '1', '1 while a person must sign in again, else 0.');
    const skew = gauge('clock_skew', 's', "By how much this machine's clock is ahead of the issuer's.");
    const observe: BatchObservableCallback = (result) => {
      const now = this.#tokens.now();
      for (const state of this.#tokens.state()) {
        if (!state.configured) continue;
        const attributes = { 'entra.resource': state.resource };
        result.observe(failures, state.consecutiveFailures, attributes);
        result.observe(signIn, needsSignIn(state) ? 1 : 0, attributes);
        result.observe(skew, (state.clockAheadInMs ?? 0) / 1000, attributes);
        const { acquiredAt, expiresAt } = state;
        if (acquiredAt === undefined || expiresAt === undefined) continue;
        result.observe(remaining, (expiresAt.getTime() - now) / 1000, attributes);
        result.observe(age, (now - acquiredAt.getTime()) / 1000, attributes);
        result.observe(life, (expiresAt.getTime() - acquiredAt.getTime()) / 1000, attributes);
      }
    };
    const gauges = [remaining, age, life, failures, signIn, skew];
    meter.addBatchObservableCallback(observe, gauges);
    return () => meter.removeBatchObservableCallback(observe, gauges);
  }

  #count(meter: Meter, events: Observable<TokenEvent>): Subscription {
    const duration = meter.createHistogram('entra.token.refresh.duration', {
      unit: 's',
      description: 'Duration of attempts to get a token, failed ones included.',
      advice: { explicitBucketBoundaries: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20] },
    });
    const rejections = meter.createCounter('entra.token.rejections', {
      unit: '{rejection}',
      description: 'Held tokens that a server rejected, each followed by a forced refresh.',
    });
    const troubles = meter.createCounter('entra.credential.store_failures', {
      unit: '{failure}',
      description: 'Times that a credential could not store or read what it must not lose.',
    });
    return events.subscribe((event) => {
      const attributes = { 'entra.resource': this.#resourceOf(event) };
      if (event.type === 'rejected') rejections.add(1, attributes);
      else if (event.type === 'credential-degraded' || event.type === 'refresh-token-lost') {
        troubles.add(1, attributes);
      } else if ('durationInMs' in event && event.durationInMs !== undefined) {
        duration.record(event.durationInMs / 1000, { ...attributes, ...outcomeOf(event) });
      }
    });
  }

  #resourceOf({ resource }: TokenEvent): string {
    return this.#configured.has(resource) ? resource : onDemandResource;
  }
}

function needsSignIn({ state, credential }: TokenState): boolean {
  return state === 'reauthentication-required' || credential?.name === 'reauthentication-required';
}

/** `error.type` is the stable attribute of the conventions; both sets of values are small. */
export function outcomeOf(event: TokenEvent): Attributes {
  if (event.type !== 'refresh-failed') return { 'entra.refresh.outcome': event.type };
  const aadsts = 'aadsts' in event.error ? event.error.aadsts : undefined;
  const code = typeof aadsts === 'number' ? { 'entra.aadsts': aadsts } : {};
  return { 'entra.refresh.outcome': 'failed', 'error.type': event.error.code, ...code };
}
