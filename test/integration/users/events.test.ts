import { createHash, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type UserTokenEvent } from 'nestjs-entra-auth/users';

import { SecretScan } from '../../support/secret-scan.js';
import { assertionOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const minute = 60_000;

describe('the events of users', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
  let tokens: ReturnType<typeof startUserTokens>;
  let events: UserTokenEvent[];
  let isComplete: boolean;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({ clock, tokenLifetimeInSeconds: 3600 });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    store = new MemorySignInStore();
    tokens = startUserTokens(userOptions(entra, { signIns: { store } }), { clock });
    events = [];
    isComplete = false;
    tokens.service.events.subscribe({
      next: (event) => events.push(event),
      complete: () => (isComplete = true),
    });
  });
  afterEach(async () => {
    await tokens.stop();
    await entra.faults.clear();
  });

  const call = (assertion: string): Promise<unknown> =>
    tokens.service
      .onBehalfOf(assertion)
      .getToken('graph')
      .catch((error: unknown) => error);
  const signIn = async (userKey: string): Promise<string> => {
    const objectId = randomUUID();
    const user = { objectId, name: 'Ada', userPrincipalName: `${objectId}@contoso.example` };
    const claims = { oid: objectId, name: user.name };
    await tokens.service.adopt(userKey, {
      refresh_token: entra.refreshTokens.issue({ user }),
      id_token: entra.issueToken({ audience: entra.client.clientId, claims }),
    });
    return objectId;
  };
  const failWith = (status: number) => entra.faults.set('token', { kind: 'http-status', status });

  it('are none while all is well', async () => {
    await call(assertionOf(entra, makeCaller()));
    await signIn('ada');
    await tokens.service.forUser('ada').getToken('graph');
    expect(events).toEqual([]);
  });

  it('tell each request that fails, with what is held, and that one succeeds again', async () => {
    const assertion = assertionOf(entra, makeCaller(), { lifetimeInSeconds: 7200 });
    const userKey = createHash('sha256').update(assertion).digest('base64url');
    const held = (await call(assertion)) as AccessToken;
    const expiresAt = new Date(held.expiresOnTimestamp);
    await failWith(500);
    await clock.advance(40 * minute);
    await call(assertion);
    await eventually(() => events.length === 1);
    await signIn('ada');
    await tokens.service
      .forUser('ada')
      .getToken(['User.Read'])
      .catch(() => undefined);
    const error = expect.objectContaining({ code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: true }) as unknown;
    const base = { type: 'user-token-failed', resource: 'graph', at: new Date(clock.now()), error };
    expect(events).toEqual([
      { ...base, grant: 'on-behalf-of', userKey, expiresAt },
      { ...base, grant: 'sign-in', userKey: 'ada' },
    ]);

    await entra.faults.clear();
    await tokens.service.forUser('ada').getToken('graph');
    expect(events.slice(2)).toEqual([
      { type: 'user-tokens-recovered', at: new Date(clock.now()), failures: 2 },
    ]);
  });

  it('tell whom Entra wants, once for each request, without what it says of the person', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    await call(assertionOf(entra, ada));
    entra.signIns.refuse(ada.objectId, 50076);
    for (let n = 0; n < 3; n++) await call(assertion);
    entra.signIns.refuse(ada.objectId, undefined);
    expect(events).toEqual([
      {
        type: 'user-interaction-required',
        resource: 'graph',
        grant: 'on-behalf-of',
        userKey: createHash('sha256').update(assertion).digest('base64url'),
        at: new Date(clock.now()),
        code: 'ENTRA_USER_INTERACTION_REQUIRED',
        challenge: 'insufficient_claims',
        aadsts: 50076,
      },
    ]);
  });

  it('tell of a stored sign-in that Entra refuses, and of a key without one', async () => {
    entra.revokeSessions({ objectId: await signIn('ada') });
    for (const key of ['ada', 'unknown']) {
      const user = tokens.service.forUser(key);
      await expect(user.getToken('graph')).rejects.toThrow();
    }
    const base = { type: 'user-interaction-required', grant: 'sign-in', challenge: 'interaction_required' };
    expect(events).toMatchObject([
      { ...base, userKey: 'ada', aadsts: 50173 },
      { ...base, userKey: 'unknown' },
    ]);
  });

  it('tell of a forged token that reached Entra, and of none that was refused before', async () => {
    const caller = makeCaller();
    await call(assertionOf(entra, caller, { signedBy: 'foreign-key' }));
    expect(() => tokens.service.onBehalfOf(assertionOf(entra, caller, { lifetimeInSeconds: -1 }))).toThrow();
    expect(events).toMatchObject([
      {
        type: 'user-assertion-refused',
        code: 'ENTRA_ASSERTION_INVALID',
        challenge: 'invalid_token',
        aadsts: 50013,
      },
    ]);
  });

  it('tell of a session that cannot begin', async () => {
    await failWith(503);
    const assertion = assertionOf(entra, makeCaller());
    await expect(tokens.service.beginSession('job', assertion, 'graph')).rejects.toThrow();
    expect(events).toMatchObject([{ type: 'user-token-failed', grant: 'on-behalf-of', resource: 'graph' }]);
    expect(tokens.service.state()).toMatchObject({ failures: 1 });
  });

  it('tell once that a new refresh token cannot be stored, again for the next one, and that it is lost', async () => {
    await signIn('ada');
    const save = failingSaves(store);
    await tokens.service.forUser('ada').getToken('graph');
    await clock.advance(10 * minute);
    const isUnsaved = ({ type }: UserTokenEvent): boolean => type === 'user-refresh-token-unsaved';
    expect(events.filter(isUnsaved)).toEqual([
      {
        type: 'user-refresh-token-unsaved',
        at: new Date(clock.now() - 10 * minute),
        userKey: 'ada',
        error: expect.objectContaining({ message: expect.stringContaining('full') as unknown }) as unknown,
      },
    ]);

    save.fails = false;
    await clock.advance(2 * minute);
    await eventually(() => tokens.service.state().unsaved === 0);
    save.fails = true;
    await tokens.service.forUser('ada').getToken(['User.Read', 'openid']);
    expect(events.filter(isUnsaved)).toHaveLength(2);
    await tokens.service.onApplicationShutdown();
    expect(events.at(-1)).toMatchObject({ type: 'user-refresh-token-lost', userKey: 'ada' });
  });

  it('complete with the application, which is no failure', async () => {
    entra.latencyInMs = 10_000;
    const waiting = call(assertionOf(entra, makeCaller()));
    await eventually(() => tokens.service.state().exchanges === 1);
    entra.latencyInMs = 0;
    await tokens.service.onApplicationShutdown();
    expect(await waiting).toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(events).toEqual([]);
    expect(isComplete).toBe(true);
  });

  it('cannot be broken by a listener, and hold no secret', async () => {
    tokens.service.events.subscribe(() => {
      throw new Error('from the listener');
    });
    const secret = entra.client.clientSecret;
    const scan = new SecretScan({ 'client secret': secret });
    const assertion = assertionOf(entra, makeCaller());
    const description = `bad ${assertion} ${secret}`;
    for (const error of ['invalid_grant', 'invalid_request', 'temporarily_unavailable']) {
      const body = { error, error_description: description };
      await entra.faults.set('token', { kind: 'http-status', status: 400, body });
      await call(assertion);
      await clock.advance(minute);
    }
    expect(events).toHaveLength(3);
    for (const event of events) scan.value(event.type, event);
    scan.text('log', tokens.lines.join('\n'));
    expect(scan.leaks()).toEqual([]);
    expect(tokens.lines.join('\n')).toContain('A listener to the events of EntraAuth threw');
  });
});

/** Lets each save of a store fail, with a full disk. */
function failingSaves(store: MemorySignInStore): { fails: boolean } {
  const faults = { fails: true };
  const of = store.of.bind(store);
  store.of = (key) => {
    const one = of(key);
    const exclusive = one.exclusive.bind(one);
    one.exclusive = (work, options) =>
      exclusive(
        (access) =>
          work({
            load: () => access.load(),
            save: (value, version) =>
              faults.fails ? Promise.reject(new Error('full')) : access.save(value, version),
          }),
        options,
      );
    return one;
  };
  return faults;
}

async function eventually(isDone: () => boolean): Promise<void> {
  for (let n = 0; n < 500; n++) {
    if (isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come about.');
}
