import type { Attributes, Meter } from '@opentelemetry/api';
import type { Observable, Subscription } from 'rxjs';

import type { TokenEvent } from '../engine/token-event.js';
import { resourceNames, type ObservedTokens } from './observed.js';
import { observeTokens } from './token-gauges.js';

/**
 * Measures the tokens of the configured resources, and counts attempts. Tokens that callers asked for by scopes count as the
 * resource `(on demand)`: their names have no bound.
 */
export class TokenMetrics {
  readonly #subscription: Subscription;
  readonly #stopObserving: () => void;
  readonly #resourceOf: (event: TokenEvent) => string;

  constructor(meter: Meter, tokens: ObservedTokens) {
    this.#resourceOf = resourceNames(tokens);
    this.#stopObserving = observeTokens(meter, tokens);
    this.#subscription = this.#count(meter, tokens.events);
  }

  stop(): void {
    this.#stopObserving();
    this.#subscription.unsubscribe();
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
}

/** `error.type` is the stable attribute of the conventions; both sets of values are small. */
export function outcomeOf(event: TokenEvent): Attributes {
  if (event.type !== 'refresh-failed') return { 'entra.refresh.outcome': event.type };
  const aadsts = 'aadsts' in event.error ? event.error.aadsts : undefined;
  const code = typeof aadsts === 'number' ? { 'entra.aadsts': aadsts } : {};
  return { 'entra.refresh.outcome': 'failed', 'error.type': event.error.code, ...code };
}
