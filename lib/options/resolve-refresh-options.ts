import type { RefreshPolicy } from '../engine/refresh-policy.js';
import type { RefreshOptions } from './entra-auth-module.options.js';
import { booleanOption, checkObject, numberOption } from '../common/option-checks.js';

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

const known = Object.keys(defaultRefreshPolicy);
const day = 86_400_000;
const milliseconds = (min: number) => ({ min, max: day, unit: 'milliseconds' });

/** Fills a partial set of options up from `base`, checking each value. */
export function resolveRefreshOptions(
  path: string,
  options: RefreshOptions | undefined,
  base: RefreshPolicy,
): RefreshPolicy {
  if (options === undefined) return base;
  checkObject(path, options, known, 'Give an object of refresh options, or leave it out.');
  const backoff = options.backoff ?? {};
  checkObject(`${path}.backoff`, backoff, Object.keys(base.backoff), 'Give an object, or leave it out.');
  const number = (
    key: 'attemptTimeoutInMs' | 'permanentErrorRetryInMs' | 'forcedRefreshCooldownInMs',
    min: number,
  ) => numberOption(`${path}.${key}`, options[key], base[key], milliseconds(min));
  const delay = (key: 'initialDelayInMs' | 'maxDelayInMs') =>
    numberOption(`${path}.backoff.${key}`, backoff[key], base.backoff[key], milliseconds(1));
  return {
    background: booleanOption(`${path}.background`, options.background, base.background),
    shareOfLife: numberOption(`${path}.shareOfLife`, options.shareOfLife, base.shareOfLife, {
      min: 0.1,
      max: 0.95,
      unit: 'a share',
    }),
    jitter: numberOption(`${path}.jitter`, options.jitter, base.jitter, {
      min: 0,
      max: 0.5,
      unit: 'a share',
    }),
    attemptTimeoutInMs: number('attemptTimeoutInMs', 1),
    backoff: {
      initialDelayInMs: delay('initialDelayInMs'),
      maxDelayInMs: delay('maxDelayInMs'),
      shareOfLifeLeft: numberOption(
        `${path}.backoff.shareOfLifeLeft`,
        backoff.shareOfLifeLeft,
        base.backoff.shareOfLifeLeft,
        { min: 0, max: 0.9, unit: 'a share' },
      ),
    },
    permanentErrorRetryInMs: number('permanentErrorRetryInMs', 1_000),
    forcedRefreshCooldownInMs: number('forcedRefreshCooldownInMs', 0),
  };
}
