import type { BatchObservableCallback, BatchObservableResult, Meter } from '@opentelemetry/api';

import type { Timestamp } from '../common/clock.js';
import type { TokenState } from '../engine/token-state.js';
import type { ObservedTokens } from './observed.js';

type Gauges = ReturnType<typeof createGauges>;

/**
 * Reports where the tokens of the configured resources stand. Gauges are read when they are collected, so that a scrape
 * sees the life that is left at that moment.
 *
 * @returns ends it
 */
export function observeTokens(meter: Meter, tokens: Pick<ObservedTokens, 'state' | 'now'>): () => void {
  const gauges = createGauges(meter);
  const observe: BatchObservableCallback = (result) => {
    const now = tokens.now();
    for (const state of tokens.state()) if (state.configured) observeToken(result, gauges, state, now);
  };
  const all = Object.values(gauges);
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

function createGauges(meter: Meter) {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`entra.${name}`, { unit, description });
  return {
    remaining: gauge('token.remaining', 's', 'Time until the held token expires; negative after that.'),
    age: gauge('token.age', 's', 'Time since the held token was obtained.'),
    life: gauge('token.life', 's', 'How long the held token lives in all.'),
    failures: gauge('token.consecutive_failures', '{failure}', 'Failed attempts since the last success.'),
    signIn: gauge('token.reauthentication_required', '1', '1 while a person must sign in again, else 0.'),
    skew: gauge('token.clock_skew', 's', "By how much this machine's clock is ahead of the issuer's."),
    certificate: gauge(
      'credential.remaining',
      's',
      "Time until the application's own certificate expires; negative after that.",
    ),
    expired: gauge(
      'credential.expired',
      '1',
      "1 while the application's own certificate or secret is known to have expired, else 0.",
    ),
    redemptions: meter.createObservableCounter('entra.refresh_token.redemptions', {
      unit: '{redemption}',
      description: 'Refresh tokens that the credential of the resource has redeemed.',
    }),
  };
}

function observeToken(
  result: BatchObservableResult,
  gauges: Gauges,
  state: TokenState,
  now: Timestamp,
): void {
  const attributes = { 'entra.resource': state.resource };
  const { acquiredAt, expiresAt, clientCredential, redemptions } = state;
  result.observe(gauges.failures, state.consecutiveFailures, attributes);
  result.observe(gauges.signIn, needsSignIn(state) ? 1 : 0, attributes);
  result.observe(gauges.skew, (state.clockAheadInMs ?? 0) / 1000, attributes);
  // Always: the SDK repeats the last value of a gauge that is observed no more.
  result.observe(gauges.expired, clientCredential?.isExpired === true ? 1 : 0, attributes);
  if (redemptions !== undefined) result.observe(gauges.redemptions, redemptions, attributes);
  const end = clientCredential?.expiresAt?.getTime();
  if (end !== undefined) result.observe(gauges.certificate, (end - now) / 1000, attributes);
  if (acquiredAt === undefined || expiresAt === undefined) return;
  result.observe(gauges.remaining, (expiresAt.getTime() - now) / 1000, attributes);
  result.observe(gauges.age, (now - acquiredAt.getTime()) / 1000, attributes);
  result.observe(gauges.life, (expiresAt.getTime() - acquiredAt.getTime()) / 1000, attributes);
}

function needsSignIn({ state, credential }: TokenState): boolean {
  return state === 'reauthentication-required' || credential?.name === 'reauthentication-required';
}
