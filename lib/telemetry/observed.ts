import type { Observable } from 'rxjs';

import type { Timestamp } from '../common/clock.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';

/** What metrics and traces need of the engine. */
export interface ObservedTokens {
  readonly events: Observable<TokenEvent>;
  state(): TokenState[];
  /** Whether a resource is named in the options. */
  isConfigured(resource: string): boolean;
  /** The wall clock of the engine. */
  now(): Timestamp;
}

/** A physical login to a database, as far as it is measured. */
export interface ObservedLogin {
  readonly dataSource: string;
  readonly durationInMs: number;
  readonly outcome: 'accepted' | 'refused' | 'failed';
}

const onDemandResource = '(on demand)';

/**
 * Makes the function that gives an event its `entra.resource`. Every token that callers asked for by scopes has the value
 * `(on demand)`: their names have no bound.
 */
export function resourceNames(tokens: ObservedTokens): (event: TokenEvent) => string {
  return ({ resource }) => (tokens.isConfigured(resource) ? resource : onDemandResource);
}
