import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { InvalidClientError, TokenRequestFailedError } from '../../../lib/entra/token-endpoint.error.js';
import { TenantPauses } from '../../../lib/users/tenant-pauses.js';

const minute = 60_000;
const throttled = (retryAfterInMs: number) =>
  new TokenRequestFailedError('Busy.', 'Wait.', { retryable: true, statusCode: 429, retryAfterInMs });
const clientRefused = () => new InvalidClientError('Wrong secret.', 'Renew it.', { statusCode: 401 });

describe('the pause of a tenant', () => {
  const newPauses = () => {
    const clock = new ManualClock();
    return { clock, pauses: new TenantPauses(clock) };
  };

  it.each([5_000, 5 * minute, 60 * minute, 24 * 60 * minute])(
    'is neither prolonged nor ended by a clock that is set back by %d ms',
    async (byMs) => {
      const { clock, pauses } = newPauses();
      pauses.failed('a', throttled(30_000));
      await clock.advance(10_000);
      expect(pauses.leftOf('a')).toBe(20_000);
      clock.jump(-byMs);
      expect(pauses.leftOf('a')).toBe(20_000);
      await clock.advance(19_999);
      expect(pauses.refusalFor('a', 10_000)).toMatchObject({ retryAfterInMs: 1 });
      await clock.advance(1);
      expect(pauses.refusalFor('a', 10_000)).toBeUndefined();
    },
  );

  it('of a refused application is not prolonged by a clock that is set back', async () => {
    const { clock, pauses } = newPauses();
    pauses.failed('a', clientRefused());
    clock.jump(-5 * minute);
    expect(pauses.leftOf('a')).toBe(5_000);
    await clock.advance(5_000);
    expect(pauses.refusalFor('a', 10_000)).toBeUndefined();
  });

  it('is kept by a second refusal after the clock was set back, not added to', () => {
    const { clock, pauses } = newPauses();
    pauses.failed('a', throttled(30_000));
    clock.jump(-5 * minute);
    pauses.failed('a', throttled(10_000));
    expect(pauses.leftOf('a')).toBe(30_000);
  });

  it('is at most ten minutes, whatever the server asks for', () => {
    const { pauses } = newPauses();
    pauses.failed('a', throttled(99_999_999_999_000));
    expect(pauses.leftOf('a')).toBe(10 * minute);
  });

  it('is forgotten before that of a thousand others, and holds up no other tenant', () => {
    const { pauses } = newPauses();
    for (let n = 0; n < 2_000; n++) pauses.failed(`tenant ${n}`, n % 2 ? clientRefused() : throttled(30_000));
    expect(pauses.size).toBe(1_000);
    expect(pauses.leftOf('tenant 1999')).toBeGreaterThan(0);
    expect(pauses.leftOf('tenant 0')).toBe(0);
  });
});
