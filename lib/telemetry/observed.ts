import type { Observable } from 'rxjs';

import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';

/** What metrics and traces need of the engine. */
export interface ObservedTokens {
  readonly events: Observable<TokenEvent>;
  state(): TokenState[];
  /** The wall clock of the engine, in milliseconds since the Unix epoch. */
  now(): number;
}

/** A physical login to a database, as far as it is measured. */
export interface ObservedLogin {
  readonly dataSource: string;
  readonly durationInMs: number;
  readonly outcome: 'accepted' | 'refused' | 'failed';
}

/** The value of `entra.resource` for every token that callers asked for by scopes. */
export const onDemandResource = '(on demand)';
