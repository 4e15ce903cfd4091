import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore } from 'nestjs-entra-auth/users';

import { assertionOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

describe('an application whose secret is wrong', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let tokens: ReturnType<typeof startUserTokens>;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      clock,
      client: { delegatedPermissions: ['https://graph.microsoft.com/User.Read'] },
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    const signIns = { store: new MemorySignInStore() };
    tokens = startUserTokens(userOptions(entra, { signIns }), { clock });
    entra.requests.reset();
  });
  afterEach(async () => {
    await tokens.stop();
    await entra.faults.clear();
  });

  const refuseApplication = (times?: number) =>
    entra.faults.set(
      'token',
      {
        kind: 'http-status',
        status: 401,
        body: {
          error: 'invalid_client',
          error_description: 'AADSTS7000215: Invalid client secret provided.',
        },
      },
      times === undefined ? undefined : { times },
    );
  const obtain = () => tokens.service.onBehalfOf(assertionOf(entra, makeCaller())).getToken('graph');
  const refused = { code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: false, aadsts: 7000215 };

  it('is refused once for all users, and again after growing pauses', async () => {
    await refuseApplication();
    for (let n = 0; n < 20; n++) await expect(obtain()).rejects.toMatchObject(refused);
    expect(entra.requests.token).toBe(1);
    for (const [pause, requests] of [
      [5_000, 2],
      [10_000, 3],
      [20_000, 4],
      [40_000, 5],
      [60_000, 6],
      [60_000, 7],
    ] as const) {
      await clock.advance(pause - 100);
      await expect(obtain()).rejects.toMatchObject(refused);
      expect(entra.requests.token).toBe(requests - 1);
      await clock.advance(100);
      await Promise.all([1, 2, 3].map(() => expect(obtain()).rejects.toMatchObject(refused)));
      expect(entra.requests.token).toBe(requests);
    }
    expect(tokens.lines.some((line) => line.includes('7000215'))).toBe(true);
  });

  it('is accepted again as soon as one request has succeeded', async () => {
    await refuseApplication(1);
    await expect(obtain()).rejects.toMatchObject(refused);
    await clock.advance(5_000);
    await obtain();
    await Promise.all([obtain(), obtain()]);
    expect(entra.requests.token).toBe(4);
  });

  it('leaves those alone whose tokens are held, and stored sign-ins too', async () => {
    const held = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const first = await held.getToken('graph');
    await tokens.service.adopt('ada', { refresh_token: entra.refreshTokens.issue() });
    await refuseApplication();
    await expect(obtain()).rejects.toMatchObject(refused);
    entra.requests.reset();
    await expect(tokens.service.forUser('ada').getToken('graph')).rejects.toMatchObject(refused);
    expect(await held.getToken('graph')).toBe(first);
    expect(entra.requests.token).toBe(0);
  });

  it('is not suspected for the token of one user that is signed by someone else', async () => {
    const forged = assertionOf(entra, makeCaller(), { signedBy: 'foreign-key' });
    await expect(tokens.service.onBehalfOf(forged).getToken('graph')).rejects.toMatchObject({
      reason: 'refused',
    });
    await obtain();
  });
});
