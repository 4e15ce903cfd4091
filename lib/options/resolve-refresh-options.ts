import {
  booleanCheck,
  checkOptions,
  numberCheck,
  type OptionCheck,
  type OptionTable,
} from '../common/option-table.js';
import type { RefreshPolicy } from '../engine/refresh-policy.js';
import type { RefreshOptions } from './entra-auth-module.options.js';

/** The values of everything that the options leave out. */
export const defaultRefreshPolicy: RefreshPolicy = {
  background: true,
  shareOfLife: 0.5,
  jitter: 0.05,
  attemptTimeoutInMs: 20_000,
  backoff: { initialDelayInMs: 1_000, maxDelayInMs: 30_000, shareOfLifeLeft: 0.8 },
  permanentErrorRetryInMs: 300_000,
  forcedRefreshCooldownInMs: 30_000,
};

const day = 86_400_000;
const milliseconds = (fallback: number, min = 1): OptionCheck<number> =>
  numberCheck(fallback, { min, max: day, unit: 'milliseconds' });
const share = (fallback: number, min: number, max: number): OptionCheck<number> =>
  numberCheck(fallback, { min, max, unit: 'a share' });

const refreshTable = (base: RefreshPolicy) =>
  ({
    background: booleanCheck(base.background),
    shareOfLife: share(base.shareOfLife, 0.1, 0.95),
    jitter: share(base.jitter, 0, 0.5),
    attemptTimeoutInMs: milliseconds(base.attemptTimeoutInMs),
    backoff: (path, value) =>
      value === undefined
        ? base.backoff
        : checkOptions(path, value, backoffTable(base.backoff), 'Give an object, or leave it out.'),
    permanentErrorRetryInMs: milliseconds(base.permanentErrorRetryInMs, 1_000),
    forcedRefreshCooldownInMs: milliseconds(base.forcedRefreshCooldownInMs, 0),
  }) satisfies OptionTable<RefreshOptions>;

const backoffTable = (base: RefreshPolicy['backoff']) =>
  ({
    initialDelayInMs: milliseconds(base.initialDelayInMs),
    maxDelayInMs: milliseconds(base.maxDelayInMs),
    shareOfLifeLeft: share(base.shareOfLifeLeft, 0, 0.9),
  }) satisfies OptionTable<NonNullable<RefreshOptions['backoff']>>;

/** Fills a partial set of options up from `base`. */
export function resolveRefreshOptions(base: RefreshPolicy): OptionCheck<RefreshPolicy> {
  return (path, value) =>
    value === undefined
      ? base
      : checkOptions(path, value, refreshTable(base), 'Give an object of refresh options, or leave it out.');
}
