import type { Observable } from 'rxjs';

import type { Timestamp } from '../common/clock.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
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

/** What fails with the tokens of users, as far as it is measured. */
export type ObservedUserEvent =
  | {
      readonly type: 'user-token-failed';
      readonly resource: string;
      readonly grant: string;
      readonly error: EntraAuthError;
    }
  | {
      readonly type: 'user-interaction-required' | 'user-assertion-refused';
      readonly resource: string;
      readonly grant: string;
      readonly code: string;
      readonly aadsts?: number;
    }
  | {
      readonly type: 'user-tokens-recovered' | 'user-refresh-token-unsaved' | 'user-refresh-token-lost';
    };

/** What metrics need of the tokens of users. */
export interface ObservedUsers {
  readonly events: Observable<ObservedUserEvent>;
  state(): {
    readonly users: number;
    readonly evictions: number;
    readonly exchanges: number;
    readonly refused: number;
    readonly unsaved: number;
    readonly shared?: {
      readonly hits: number;
      readonly misses: number;
      readonly unreadable: number;
      readonly failures: number;
      readonly isPaused: boolean;
    };
  };
  /** Whether a resource is named in the options. */
  isConfigured(resource: string): boolean;
}

const onDemandResource = '(on demand)';

/**
 * Makes the function that gives an event its `entra.resource`. Every token that callers asked for by scopes has the value
 * `(on demand)`: their names have no bound.
 */
export function resourceNames(
  tokens: Pick<ObservedTokens, 'isConfigured'>,
): (event: { readonly resource: string }) => string {
  return ({ resource }) => (tokens.isConfigured(resource) ? resource : onDemandResource);
}
