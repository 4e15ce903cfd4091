import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import { describe, expect, it } from '@jest/globals';

import { identities, type IdentityName } from '../../simulation/outage/identity.js';
import { SimulatedEntra } from '../../simulation/outage/simulated-entra.js';
import { SimulatedTime } from '../../simulation/simulated-time.js';

const hour = 3_600_000;
const bootsAt = Date.UTC(2026, 0, 1);
const imds = 'http://169.254.169.254/metadata/identity/oauth2/token?resource=https%3A%2F%2Fdatabase.example';

interface Answer {
  access_token: string;
  expires_on: string;
}

function machine(name: IdentityName) {
  const identity = identities.find((each) => each.name === name);
  if (identity === undefined) throw new RangeError(name);
  const time = new SimulatedTime(bootsAt);
  const outage = { startsAt: Infinity, endsAt: Infinity, fault: 'hang', retryAfterInSeconds: 5 } as const;
  // The draw of the age is the first one: the middle of its range.
  const entra = new SimulatedEntra(time, identity, outage, () => 0.5);
  return {
    ask: async (after: number): Promise<Answer> => {
      await time.advanceTo(bootsAt + after);
      const request = createPipelineRequest({ url: imds, method: 'GET', headers: createHttpHeaders() });
      const answer = entra.sendRequest(request);
      await time.advanceTo(time.now() + 1_000);
      return JSON.parse((await answer).bodyAsText ?? '') as Answer;
    },
  };
}

describe('the simulated platform of managed identities', () => {
  it.each([
    ['managed-identity', 6, 12],
    ['managed-identity-late', 9.6, 19.2],
  ] as const)(
    'gives everybody the token that it holds, some hours old, until it renews it: %s',
    async (name, age, renewal) => {
      const { ask } = machine(name);
      const held = await ask(0);
      expect(Number(held.expires_on) * 1000).toBeLessThan(bootsAt + (24 - age) * hour + 1_000);
      expect(Number(held.expires_on) * 1000).toBeGreaterThan(bootsAt + (24 - age) * hour - 2_000);
      expect(await ask((renewal - age) * hour - 10_000)).toEqual(held);
      const renewed = await ask((renewal - age) * hour + 10_000);
      expect(renewed.access_token).not.toBe(held.access_token);
      expect(await ask((2 * renewal - age) * hour - 10_000)).toEqual(renewed);
    },
  );
});
