import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore } from 'nestjs-entra-auth/users';

import { eventually } from '../../support/eventually.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import { assertionOf, claimsOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const hour = 3_600_000;

describe('a session that outlives the token of its caller', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
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
  beforeEach(() => {
    store = new MemorySignInStore();
    tokens = startUserTokens(userOptions(entra, { signIns: { store } }), { clock });
    entra.requests.reset();
  });
  afterEach(() => tokens.stop());

  it('goes on for days, in another process too', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada, { lifetimeInSeconds: 600 });
    const user = await tokens.service.beginSession('job 1', assertion, 'graph');
    expect(claimsOf((await user.getToken('graph')).token)).toMatchObject({ oid: ada.objectId });
    expect(entra.requests.token).toBe(1);

    for (let day = 0; day < 3; day++) {
      await clock.advance(24 * hour);
      expect(claimsOf((await user.getToken('graph')).token)).toMatchObject({ oid: ada.objectId });
    }
    const other = startUserTokens(userOptions(entra, { signIns: { store } }), { clock });
    await clock.advance(24 * hour);
    const { token } = await other.service.forUser('job 1').getToken('graph');
    expect(claimsOf(token)).toMatchObject({ oid: ada.objectId });
    await other.stop();
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
    expect(() => tokens.service.onBehalfOf(assertion)).toThrow(/expired/);
  });

  it('begins though the token of the caller is held already', async () => {
    const assertion = assertionOf(entra, makeCaller());
    await tokens.service.onBehalfOf(assertion).getToken('graph');
    await tokens.service.beginSession('job 2', assertion, 'graph');
    expect((await store.of('job 2').load())?.value.refreshToken).toMatch(/^1\./);
    expect(await tokens.service.listSignIns()).toHaveLength(1);
  });

  it('does not begin without the consent of the user, nor with a wrong token, key or resource', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    await tokens.service.onBehalfOf(assertion).getToken('graph');
    entra.requests.reset();
    await expect(tokens.service.beginSession('', assertion, 'graph')).rejects.toThrow(/"sessionKey"/);
    await expect(tokens.service.beginSession('job', 'garbage', 'graph')).rejects.toMatchObject({
      reason: 'malformed',
    });
    await expect(tokens.service.beginSession('job', assertion, 'nowhere')).rejects.toThrow(/nowhere/);
    expect(entra.requests.token).toBe(0);

    entra.signIns.refuse(ada.objectId, 50076);
    await expect(tokens.service.beginSession('job', assertion, 'graph')).rejects.toMatchObject({
      name: 'UserInteractionRequiredError',
      claims: expect.any(String) as unknown,
    });
    expect(await tokens.service.listSignIns()).toEqual([]);
  });

  it('reports a response without a refresh token', async () => {
    await entra.faults.set('token', { kind: 'altered-response', members: { refresh_token: undefined } });
    const assertion = assertionOf(entra, makeCaller());
    await expect(tokens.service.beginSession('job', assertion, 'graph')).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      message: expect.stringContaining('offline_access') as unknown,
    });
    await entra.faults.clear();
  });

  it('overtakes calls that have not begun, and starves none of them, its own user the least', async () => {
    const ada = assertionOf(entra, makeCaller());
    const assertions = [...Array.from({ length: 150 }, () => assertionOf(entra, makeCaller())), ada];
    let answered = 0;
    const calls = assertions.map(async (assertion) => {
      await tokens.service.onBehalfOf(assertion).getToken('graph');
      return ++answered;
    });
    let begun = 0;
    let adaHadBegun = Infinity;
    // Sessions of the same user without a break, eight at a time.
    const pressure = Array.from({ length: 8 }, async () => {
      while (answered < assertions.length) await tokens.service.beginSession(`job ${begun++}`, ada, 'graph');
    });
    void calls.at(-1)?.then(() => (adaHadBegun = begun));
    await Promise.all([...calls, ...pressure]);
    // Those that wait are begun in the order in which they came: each round of eight meets a queue that is shorter.
    expect(adaHadBegun).toBeLessThan(150);
    expect(entra.requests.token).toBe(assertions.length + begun);
    expect(await tokens.service.listSignIns({ limit: 1_000 })).toHaveLength(begun);
  });

  it('fails at its deadline while it waits for its turn, and is not begun afterwards', async () => {
    await entra.faults.set('token', { kind: 'hang-before-headers' });
    const others = Array.from({ length: 150 }, () => {
      const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
      return user.getToken('graph').catch((e: unknown) => e);
    });
    await eventually(() => tokens.service.state().pending === 150);
    const beginning = tokens.service.beginSession('job', assertionOf(entra, makeCaller()), 'graph');
    const failure = beginning.catch((e: unknown) => e);
    await eventually(() => tokens.service.state().exchanges === 24);
    await clock.advance(30_000);
    expect(await settlesAtOnce(failure)).toBe(true);
    expect(await failure).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: true });
    const passing = setInterval(() => void clock.advance(10_000), 5);
    await eventually(() => tokens.service.state().pending === 0);
    clearInterval(passing);
    await Promise.all(others);
    expect(tokens.service.state()).toMatchObject({ exchanges: 150, pending: 0 });
    expect(await tokens.service.listSignIns()).toEqual([]);
    await entra.faults.clear();
  });
});
