import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore } from 'nestjs-entra-auth/users';

import { assertionOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const minute = 60_000;

describe('the tokens of users in the background', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let tokens: ReturnType<typeof startUserTokens>;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      clock,
      tokenLifetimeInSeconds: 3600,
      client: { delegatedPermissions: ['https://graph.microsoft.com/User.Read'] },
    });
    entra.refreshTokens.rotation = 'strict';
  });
  afterAll(() => entra.stop());

  const start = (refresh: object = {}): void => {
    const signIns = { store: new MemorySignInStore() };
    tokens = startUserTokens(userOptions(entra, { signIns, refresh }), { clock });
  };
  beforeEach(() => entra.requests.reset());
  afterEach(async () => {
    await tokens.stop();
    await entra.faults.clear();
  });

  const signIn = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const user = { objectId: randomUUID(), userPrincipalName: `${randomUUID()}@contoso.example` };
      await tokens.service.adopt(`user ${n}`, { refresh_token: entra.refreshTokens.issue({ user }) });
      await tokens.service.forUser(`user ${n}`).getToken('graph');
    }
    entra.requests.reset();
  };
  /** Lets time pass in steps shorter than the deadline of a request, with what is on the wire arriving in between. */
  const pass = async (minutes: number, step = 5_000): Promise<void> => {
    for (let passed = 0; passed < minutes * minute; passed += step) {
      await clock.advance(step);
      for (let n = 0; n < 500 && tokens.service.state().pending > 0; n++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  };

  it('are refreshed ahead of their end without a use, so that no caller waits', async () => {
    start();
    await signIn(5);
    await pass(33);
    expect(entra.requests.token).toBe(5);
    await pass(32);
    entra.requests.reset();
    for (let n = 0; n < 5; n++) {
      const { expiresOnTimestamp } = await tokens.service.forUser(`user ${n}`).getToken('graph');
      expect(expiresOnTimestamp).toBeGreaterThan(clock.now() + 20 * minute);
    }
    expect(entra.requests.token).toBe(0);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
  });

  it('are let go when they have not been used for a while', async () => {
    start({ idleAfterInMs: 20 * minute });
    await signIn(3);
    await pass(15);
    await tokens.service.forUser('user 0').getToken('graph');
    await pass(20);
    // That of the user who has used it since.
    expect(entra.requests.token).toBe(1);
    expect(tokens.service.state().users).toBe(3);
    await pass(27);
    expect(tokens.service.state().users).toBe(1);
    await pass(30);
    expect(entra.requests.token).toBe(1);
    expect(tokens.service.state()).toMatchObject({ users: 0, bytes: 0 });
    await tokens.service.forUser('user 0').getToken('graph');
    expect(entra.requests.token).toBe(2);
  });

  it('take no more requests a second than allowed, those of callers aside', async () => {
    start({ maxRequestsPerSecond: 2 });
    await signIn(30);
    await pass(25);
    let last = entra.requests.token;
    expect(last).toBe(0);
    for (let second = 0; second < 360; second++) {
      await pass(1 / 60, 1_000);
      expect(entra.requests.token - last).toBeLessThanOrEqual(3);
      last = entra.requests.token;
    }
    expect(last).toBe(30);
    expect(tokens.service.state()).toMatchObject({ waitingRefreshes: 0 });
  });

  it('also where uses of callers’ tokens make them due', async () => {
    start({ maxRequestsPerSecond: 1 });
    const users = Array.from({ length: 10 }, () =>
      tokens.service.onBehalfOf(assertionOf(entra, makeCaller(), { lifetimeInSeconds: 7_200 })),
    );
    for (const user of users) await user.getToken('graph');
    await pass(31);
    entra.requests.reset();
    for (let second = 0; second < 5; second++) {
      for (const user of users) await user.getToken('graph');
      await pass(1 / 60, 1_000);
    }
    expect(entra.requests.token).toBeGreaterThanOrEqual(4);
    expect(entra.requests.token).toBeLessThanOrEqual(6);
  });

  it('wait for the end of a pause that the tenant asked for, and cost no failure', async () => {
    start();
    await signIn(5);
    await pass(25);
    await entra.faults.set('token', { kind: 'http-status', status: 429, retryAfter: 600 }, { times: 1 });
    await expect(
      tokens.service.onBehalfOf(assertionOf(entra, makeCaller())).getToken('graph'),
    ).rejects.toMatchObject({ retryAfterInMs: 600_000 });
    entra.requests.reset();
    await pass(9);
    expect(entra.requests.token).toBe(0);
    expect(tokens.service.state()).toMatchObject({ waitingRefreshes: 5 });
    const { failures } = tokens.service.state();
    await pass(2);
    expect(entra.requests.token).toBe(5);
    expect(tokens.service.state()).toMatchObject({ failures });
  });

  it('stop with the application', async () => {
    start();
    await signIn(2);
    await tokens.stop();
    await pass(40);
    expect(entra.requests.token).toBe(0);
  });
});
