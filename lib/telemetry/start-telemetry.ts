import type { metrics, trace } from '@opentelemetry/api';
import type { Observable, Subscription } from 'rxjs';

import { traceAttempts } from './attempt-spans.js';
import { measureLogins } from './login-metrics.js';
import type { ObservedLogin, ObservedTokens, ObservedUsers } from './observed.js';
import { TokenMetrics } from './token-metrics.js';
import { measureUsers } from './user-metrics.js';

const scope = 'nestjs-entra-auth';

/** The part of `@opentelemetry/api` that is used here. */
export interface OpenTelemetryApi {
  readonly metrics: Pick<typeof metrics, 'getMeter'>;
  readonly trace: Pick<typeof trace, 'getTracer'>;
}

/**
 * Reports tokens and logins to OpenTelemetry, from now on. Without an SDK in the application, the API drops everything.
 *
 * @returns ends it
 * @see https://opentelemetry.io/docs/specs/semconv/general/naming/
 */
export function startTelemetry(
  { metrics: meters, trace: tracers }: OpenTelemetryApi,
  tokens: ObservedTokens,
  logins: Observable<ObservedLogin>,
  users?: ObservedUsers,
): () => void {
  const meter = meters.getMeter(scope);
  const tokenMetrics = new TokenMetrics(meter, tokens);
  const stopUsers = users && measureUsers(meter, users);
  const subscriptions: Subscription[] = [
    measureLogins(meter, logins),
    traceAttempts(tracers.getTracer(scope), tokens),
  ];
  return () => {
    tokenMetrics.stop();
    stopUsers?.();
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}
