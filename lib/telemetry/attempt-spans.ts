import type { SpanStatusCode, Tracer } from '@opentelemetry/api';
import type { Subscription } from 'rxjs';

import { resourceNames, type ObservedTokens } from './observed.js';
import { outcomeOf } from './token-metrics.js';

const failed: SpanStatusCode.ERROR = 2;

/** Makes a span of each attempt to get a token when it has ended. A look-up of a held token makes none. */
export function traceAttempts(tracer: Tracer, tokens: ObservedTokens): Subscription {
  const resourceOf = resourceNames(tokens);
  return tokens.events.subscribe((event) => {
    if (!('durationInMs' in event) || event.durationInMs === undefined) return;
    const end = event.at.getTime();
    const attributes = { 'entra.resource': resourceOf(event), ...outcomeOf(event) };
    const span = tracer.startSpan('entra.token.refresh', { startTime: end - event.durationInMs, attributes });
    if (event.type === 'refresh-failed') span.setStatus({ code: failed, message: event.error.message });
    span.end(end);
  });
}
