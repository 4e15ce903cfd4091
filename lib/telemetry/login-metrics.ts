import type { Meter } from '@opentelemetry/api';
import type { Observable, Subscription } from 'rxjs';

import type { ObservedLogin } from './observed.js';

/** Measures physical logins; the count of the histogram is their number. */
export function measureLogins(meter: Meter, logins: Observable<ObservedLogin>): Subscription {
  const duration = meter.createHistogram('entra.login.duration', {
    unit: 's',
    description: 'Duration of physical logins, the wait for a token included.',
    advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15] },
  });
  return logins.subscribe(({ dataSource, durationInMs, outcome }) =>
    duration.record(durationInMs / 1000, { 'entra.data_source': dataSource, 'entra.login.outcome': outcome }),
  );
}
