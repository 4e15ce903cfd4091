import { describe, expect, it } from '@jest/globals';

import { forceRefreshStrategies } from '../../../lib/engine/force-refresh-strategies.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const hour = 3_600_000;

describe('the strategies', () => {
  it.each([
    [false, false, ['plain call', 'empty claims']],
    [false, true, ['plain call', 'second plain call', 'empty claims']],
    [true, false, ['plain call', 'new instance']],
    [true, true, ['plain call', 'second plain call', 'new instance']],
  ])('renewable: %s, after the issuer’s own time: %s', (renewable, issuerWantsRefresh, steps) => {
    const applied = forceRefreshStrategies.filter((step) => step.applies({ renewable, issuerWantsRefresh }));
    expect(applied.map(({ name }) => name)).toEqual(steps);
  });
});

describe('forcing a refresh', () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const expiresOn = new Date(clock.now() + hour);
  const tokenFor = (audience: string, id: number) => jwt({ aud: audience, exp: +expiresOn / 1000, id });
  const wrong = tokenFor('https://management.azure.com', 1);
  const good = tokenFor('https://ossrdbms-aad.database.windows.net', 2);

  it('gets a good token from a new instance when the old one has a wrong one', async () => {
    let made = 0;
    const { service } = createEngine({
      resources: { postgres: {} },
      credential: () => {
        const token = made++ === 0 ? wrong : good;
        return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: +expiresOn }) };
      },
    });
    expect((await service.getToken('postgres')).token).toBe(good);
    expect(made).toBe(2);
  });
});
