import { describe, expect, it } from '@jest/globals';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import type { EntraAuthModuleOptions } from '../../../lib/options/entra-auth-module.options.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';

const credential = { getToken: () => Promise.resolve(null) };
const day = 86_400_000;

/** The options with one of them, given by its path. */
function optionsWith(path: string, value: unknown): EntraAuthModuleOptions {
  const nested = path
    .split('.')
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as EntraAuthModuleOptions;
  return { ...nested, credential };
}

/** As a message calls it. */
function unitOf(path: string): string {
  if (path.endsWith('InMs')) return 'milliseconds';
  return path === 'onDemand.maxTokens' ? 'a number of tokens' : 'a share';
}

it('an application that sets nothing has the defaults of the documentation', () => {
  const { policy, startupTimeoutInMs, maxOnDemandTokens } = resolveOptions({ credential });
  expect({ policy, startupTimeoutInMs, maxOnDemandTokens }).toEqual({
    policy: {
      background: true,
      shareOfLife: 0.5,
      jitter: 0.05,
      attemptTimeoutInMs: 20_000,
      backoff: { initialDelayInMs: 1_000, maxDelayInMs: 30_000, shareOfLifeLeft: 0.8 },
      permanentErrorRetryInMs: 300_000,
      forcedRefreshCooldownInMs: 30_000,
    },
    startupTimeoutInMs: 30_000,
    maxOnDemandTokens: 10_000,
  });
});

describe.each<[string, number, number, number]>([
  ['refresh.shareOfLife', 0.1, 0.95, 0.001],
  ['refresh.jitter', 0, 0.5, 0.001],
  ['refresh.attemptTimeoutInMs', 1, day, 1],
  ['refresh.backoff.initialDelayInMs', 1, day, 1],
  ['refresh.backoff.maxDelayInMs', 1, day, 1],
  ['refresh.backoff.shareOfLifeLeft', 0, 0.9, 0.001],
  ['refresh.permanentErrorRetryInMs', 1_000, day, 1],
  ['refresh.forcedRefreshCooldownInMs', 0, day, 1],
  ['startupTimeoutInMs', 1, 3_600_000, 1],
  ['onDemand.maxTokens', 1, 1_000_000, 1],
])('the option %s', (path, min, max, step) => {
  it(`is a number from ${min} to ${max}`, () => {
    for (const value of [min, max]) expect(() => resolveOptions(optionsWith(path, value))).not.toThrow();
    for (const value of [min - step, max + step, NaN, Infinity, String(min)]) {
      expect(() => resolveOptions(optionsWith(path, value))).toThrow(EntraOptionsError);
      expect(() => resolveOptions(optionsWith(path, value))).toThrow(`"${path}"`);
      expect(() => resolveOptions(optionsWith(path, value))).toThrow(
        `Give ${unitOf(path)} from ${min} to ${max}`,
      );
    }
  });
});
