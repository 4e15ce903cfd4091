import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredRefreshToken } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInResponse } from 'nestjs-entra-auth/users';

import { SecretScan } from '../../support/secret-scan.js';
import { claimsOf } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const minute = 60_000;
const vault = 'https://vault.azure.net/.default';

describe('the sign-ins of users', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
  let tokens: ReturnType<typeof startUserTokens>;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      clock,
      tokenLifetimeInSeconds: 3600,
      client: {
        delegatedPermissions: [
          'https://graph.microsoft.com/User.Read',
          'https://vault.azure.net/user_impersonation',
        ],
      },
    });
  });
  afterAll(() => entra.stop());

  const start = () => startUserTokens(userOptions(entra, { signIns: { store } }), { clock });
  beforeEach(() => {
    entra.refreshTokens.rotation = 'strict';
    store = new MemorySignInStore();
    tokens = start();
    entra.requests.reset();
  });
  afterEach(async () => {
    await tokens.stop();
    await entra.faults.clear();
  });

  const newPerson = () => {
    const objectId = randomUUID();
    return { objectId, name: 'Ada', userPrincipalName: `${objectId}@contoso.example` };
  };
  type Person = ReturnType<typeof newPerson>;
  /** What a sign-in leaves, without a usable access token unless one is added. */
  const responseFor = (user: Person, more: Partial<SignInResponse> = {}): SignInResponse => ({
    refresh_token: entra.refreshTokens.issue({ user }),
    id_token: entra.issueToken({
      audience: entra.client.clientId,
      claims: { oid: user.objectId, name: user.name },
    }),
    ...more,
  });
  const adoptNew = async (key: string, user = newPerson()): Promise<Person> => {
    await tokens.service.adopt(key, responseFor(user));
    return user;
  };
  const oidOf = async (key: string, resource = 'graph', service = tokens.service): Promise<unknown> => {
    const { token } = await service.forUser(key).getToken(resource);
    return claimsOf(token)['oid'];
  };
  const stored = async (key: string): Promise<StoredRefreshToken | undefined> =>
    (await store.of(key).load())?.value;

  it('give each user the own tokens, from one redemption for many callers at once', async () => {
    const people = new Map<string, Person>();
    for (let n = 0; n < 50; n++) people.set(`user ${n}`, await adoptNew(`user ${n}`));
    for (const round of [1, 2]) {
      for (const [key, { objectId }] of people) {
        expect(await Promise.all([oidOf(key), oidOf(key), oidOf(key)])).toEqual([
          objectId,
          objectId,
          objectId,
        ]);
      }
      expect(entra.requests.token).toBe(50);
      expect(round).toBeLessThan(3);
    }
    expect(tokens.service.state()).toMatchObject({
      users: 50,
      exchanges: 50,
      failures: 0,
      refused: 0,
      unsaved: 0,
    });
  });

  it('are stored before `adopt` resolves, and rotate with every redemption', async () => {
    const ada = newPerson();
    const response = responseFor(ada);
    await tokens.service.adopt('ada', response);
    expect(await stored('ada')).toMatchObject({
      refreshToken: response.refresh_token,
      user: { objectId: ada.objectId },
    });

    await oidOf('ada');
    const first = await stored('ada');
    expect(first?.refreshToken).not.toBe(response.refresh_token);
    expect(first?.user).toEqual({ objectId: ada.objectId, tenantId: entra.tenantId });
    await oidOf('ada', vault);
    expect((await stored('ada'))?.refreshToken).not.toBe(first?.refreshToken);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
  });

  it('serve the access token of the sign-in itself, where its scopes are those of a resource', async () => {
    const ada = newPerson();
    const accessToken = entra.issueToken({
      audience: 'https://graph.microsoft.com',
      lifetimeInSeconds: 3600,
      claims: { oid: ada.objectId },
    });
    const scope = 'openid profile https://graph.microsoft.com/User.Read';
    await tokens.service.adopt('ada', responseFor(ada, { access_token: accessToken, scope }));
    expect((await tokens.service.forUser('ada').getToken('graph')).token).toBe(accessToken);

    const other = start();
    expect((await other.service.forUser('ada').getToken('graph')).token).toBe(accessToken);
    await other.stop();
    expect(entra.requests.token).toBe(0);
  });

  it('are shared by replicas, which take turns with the strict server and share what one obtained', async () => {
    const other = start();
    const ada = await adoptNew('ada');
    const answers = await Promise.all([oidOf('ada'), oidOf('ada', 'graph', other.service)]);
    expect(answers).toEqual([ada.objectId, ada.objectId]);
    expect(entra.requests.token).toBe(1);
    await Promise.all([
      oidOf('ada', vault),
      oidOf('ada', 'https://graph.microsoft.com/.default', other.service),
    ]);
    expect(entra.requests.token).toBe(3);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
    await other.stop();
  });

  it('refuse one user alone, until that user has signed in again, also by another replica', async () => {
    const replica = start();
    const [ada, ben] = [await adoptNew('ada'), await adoptNew('ben')];
    entra.refreshTokens.revoke((await stored('ada'))?.refreshToken ?? '');
    const refused = {
      name: 'UserInteractionRequiredError',
      aadsts: 50173,
      wwwAuthenticate: expect.stringContaining('error="interaction_required"') as unknown,
    };
    for (let n = 0; n < 5; n++) {
      await expect(oidOf('ada')).rejects.toMatchObject(refused);
      await expect(oidOf('ada', vault)).rejects.toMatchObject(refused);
      await clock.advance(minute);
    }
    expect(entra.requests.token).toBe(1);
    expect(await oidOf('ben')).toBe(ben.objectId);
    expect(tokens.service.state()).toMatchObject({ refused: 1 });

    await replica.service.adopt('ada', responseFor(ada));
    expect(await oidOf('ada')).toBe(ada.objectId);
    expect(tokens.service.state()).toMatchObject({ refused: 0 });
    await replica.stop();
  });

  it('end with `forget`, for credentials that were made before too, and for a replica when it asks', async () => {
    const replica = start();
    await adoptNew('ada');
    const credential = tokens.service.forUser('ada');
    await credential.getToken('graph');
    await oidOf('ada', 'graph', replica.service);

    expect(await tokens.service.forget('ada')).toBe(true);
    expect(await tokens.service.forget('ada')).toBe(false);
    expect(tokens.service.state().users).toBe(0);
    await expect(credential.getToken('graph')).rejects.toThrow(/no sign-in/);
    await expect(oidOf('ada', vault, replica.service)).rejects.toMatchObject({
      name: 'UserInteractionRequiredError',
    });
    expect(await stored('ada')).toBeUndefined();
    await replica.stop();
  });

  it('do not return when they are forgotten during a redemption', async () => {
    await adoptNew('ada');
    entra.latencyInMs = 200;
    const waiting = oidOf('ada');
    waiting.catch(() => undefined);
    await eventually(() => entra.requests.token === 1);
    const forgotten = tokens.service.forget('ada');
    entra.latencyInMs = 0;
    await expect(waiting).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    expect(await forgotten).toBe(true);
    expect(await stored('ada')).toBeUndefined();
    expect(tokens.service.state().users).toBe(0);
  });

  it('are not confused by keys and names that make the same text', async () => {
    const twins = startUserTokens(
      userOptions(entra, {
        signIns: { store },
        resources: { graph: { scopes: ['User.Read'] }, 'x|graph': { scopes: ['User.Read'] } },
      }),
      { clock },
    );
    const [ada, ben] = [await adoptNew('ada'), await adoptNew('ada|x')];
    const answers = await Promise.all([
      oidOf('ada', 'x|graph', twins.service),
      oidOf('ada|x', 'graph', twins.service),
    ]);
    expect(answers).toEqual([ada.objectId, ben.objectId]);
    await twins.stop();
  });

  it('give the next user of a key the own token, though a request for the one before still waits', async () => {
    const [ada, ben] = [await adoptNew('key'), newPerson()];
    const release = delayFirstLock();
    const waiting = oidOf('key');
    waiting.catch(() => undefined);
    await tokens.service.forget('key');
    await tokens.service.adopt('key', responseFor(ben));
    expect(await oidOf('key')).toBe(ben.objectId);
    release();
    await expect(waiting).rejects.toThrow(/no sign-in/);
    expect(await oidOf('key')).toBe(ben.objectId);
    expect(ada.objectId).not.toBe(ben.objectId);
  });

  it('are not held when they were forgotten while they were stored', async () => {
    const ada = newPerson();
    const accessToken = entra.issueToken({
      audience: 'https://graph.microsoft.com',
      lifetimeInSeconds: 3600,
      claims: { oid: ada.objectId },
    });
    const release = delayFirstUnlock();
    const adopting = tokens.service.adopt(
      'ada',
      responseFor(ada, { access_token: accessToken, scope: 'https://graph.microsoft.com/User.Read' }),
    );
    await eventually(async () => (await stored('ada')) !== undefined);
    expect(await tokens.service.forget('ada')).toBe(true);
    release();
    await adopting;
    await expect(oidOf('ada')).rejects.toThrow(/no sign-in/);
    expect(tokens.service.state().users).toBe(0);
  });

  it('end with `forget` for a credential whose tokens had made room for those of others', async () => {
    await tokens.stop();
    tokens = startUserTokens(userOptions(entra, { signIns: { store }, cache: { maxUsers: 1 } }), { clock });
    await adoptNew('ada');
    const credential = tokens.service.forUser('ada');
    await credential.getToken('graph');
    await adoptNew('ben');
    await oidOf('ben');
    await tokens.service.forget('ada');
    await expect(credential.getToken('graph')).rejects.toThrow(/no sign-in/);
  });

  it('refuse the sign-in of another user under the same key, until the first is forgotten', async () => {
    const [ada, eve] = [await adoptNew('key'), newPerson()];
    await expect(tokens.service.adopt('key', responseFor(eve))).rejects.toThrow(/of another user/);
    expect(await oidOf('key')).toBe(ada.objectId);
    await tokens.service.forget('key');
    await tokens.service.adopt('key', responseFor(eve));
    expect(await oidOf('key')).toBe(eve.objectId);
  });

  it.each(['the same', 'another'])(
    'refuse a response whose access token is of another user, of %s tenant',
    async (which) => {
      const ada = newPerson();
      const response = responseFor(ada, {
        access_token: entra.issueToken({
          audience: 'https://graph.microsoft.com',
          lifetimeInSeconds: 3600,
          ...(which === 'another' && { tenantId: '99999999-0000-0000-0000-000000000000' }),
          claims: { oid: newPerson().objectId },
        }),
        scope: 'https://graph.microsoft.com/User.Read',
      });
      await expect(tokens.service.adopt('ada', response)).rejects.toThrow(
        /"response": its tokens are of two/,
      );
      expect(await stored('ada')).toBeUndefined();
      expect(tokens.service.state().users).toBe(0);
    },
  );

  it('refuse a token of another user, whatever the store holds', async () => {
    // Nothing of such a response is stored, so that the same refresh token is sent again.
    entra.refreshTokens.rotation = 'keep';
    const [ada, eve] = [newPerson(), newPerson()];
    await tokens.service.adopt('ada', { ...responseFor(ada), refresh_token: responseFor(eve).refresh_token });
    await expect(oidOf('ada')).rejects.toThrow(/another user/);
    await expect(oidOf('ada')).rejects.toThrow(/another user/);
    await expect(oidOf('ada', 'graph', start().service)).rejects.toThrow(/another user/);
  });

  it('refuse a token of a user of another tenant', async () => {
    entra.refreshTokens.rotation = 'keep';
    await adoptNew('ada');
    const foreign = entra.issueToken({
      audience: 'https://graph.microsoft.com',
      tenantId: '99999999-0000-0000-0000-000000000000',
      lifetimeInSeconds: 3600,
      claims: { oid: newPerson().objectId },
    });
    await entra.faults.set('token', { kind: 'altered-response', members: { access_token: foreign } });
    for (const resource of ['graph', 'https://graph.microsoft.com/User.Read'])
      await expect(oidOf('ada', resource)).rejects.toThrow(/another user/);
  });

  it('serve what is held while the store fails, and redeem nothing without its lock', async () => {
    const faults = withFaults();
    await adoptNew('ada');
    const held = await oidOf('ada');
    faults.exclusive = new Error('the disk is gone');
    expect(await oidOf('ada')).toBe(held);
    entra.requests.reset();
    await clock.advance(40 * minute);
    expect(await oidOf('ada')).toBe(held);
    await expect(oidOf('ada', vault)).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('the disk is gone') as unknown,
    });
    expect(entra.requests.token).toBe(0);
  });

  it('keep a new refresh token in memory while it cannot be stored, and store it later', async () => {
    await adoptNew('ada');
    const faults = withFaults();
    faults.save = new Error('full');
    const before = (await stored('ada'))?.refreshToken;
    await oidOf('ada');
    expect((await stored('ada'))?.refreshToken).toBe(before);
    expect(tokens.service.state()).toMatchObject({ unsaved: 1 });
    await oidOf('ada', vault);
    faults.save = undefined;
    await clock.advance(2 * minute);
    await eventually(() => tokens.service.state().unsaved === 0);
    expect((await stored('ada'))?.refreshToken).not.toBe(before);
    expect(entra.refreshTokens.accepts((await stored('ada'))?.refreshToken ?? '')).toBe(true);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
  });

  it('keep what must still be stored, however many users follow', async () => {
    const faults = withFaults();
    await adoptNew('first');
    const before = (await stored('first'))?.refreshToken;
    faults.save = new Error('full');
    await oidOf('first');
    faults.save = undefined;
    const { service } = tokens;
    const keys = Array.from({ length: 1_010 }, (_, n) => `user ${n}`);
    await Promise.all(keys.map((key) => adoptNew(key)));
    await Promise.all(keys.map((key) => oidOf(key)));
    // Each redemption plans the next attempt, none of which has come yet.
    expect(service.state()).toMatchObject({ users: 1_011, unsaved: 1 });
    await service.onApplicationShutdown();
    expect(service.state()).toMatchObject({ unsaved: 0 });
    expect((await stored('first'))?.refreshToken).not.toBe(before);
    expect(entra.refreshTokens.accepts((await stored('first'))?.refreshToken ?? '')).toBe(true);
  });

  it('are stored though the application shuts down during a redemption', async () => {
    const ada = await adoptNew('ada');
    const before = (await stored('ada'))?.refreshToken;
    entra.latencyInMs = 200;
    const waiting = oidOf('ada');
    await eventually(() => entra.requests.token === 1);
    entra.latencyInMs = 0;
    await tokens.service.onApplicationShutdown();

    expect((await stored('ada'))?.refreshToken).not.toBe(before);
    expect(await waiting).toBe(ada.objectId);
    expect(entra.refreshTokens.accepts((await stored('ada'))?.refreshToken ?? '')).toBe(true);
  });

  it('survive a response that broke off, since its refresh token is stored', async () => {
    const ada = await adoptNew('ada');
    await entra.faults.set('token', {
      kind: 'altered-response',
      members: { expires_in: 'soon', access_token: '' },
    });
    await expect(oidOf('ada')).rejects.toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
    await entra.faults.clear();
    expect(await oidOf('ada')).toBe(ada.objectId);
  });

  it('give another token after a resource rejected one, although the young one is stored', async () => {
    await adoptNew('ada');
    const user = tokens.service.forUser('ada');
    const first = await user.getToken('graph');
    user.invalidate(first);
    expect((await user.getToken('graph')).token).not.toBe(first.token);
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    expect(claimsOf((await user.getToken('graph', { claims })).token)).toMatchObject({ acrs: ['c1'] });
    expect(entra.requests.token).toBe(3);
  });

  it('are listed by page', async () => {
    for (const key of ['c', 'a', 'b']) await adoptNew(key);
    const first = await tokens.service.listSignIns({ limit: 2 });
    expect(first).toEqual([
      { userKey: 'a', obtainedOn: new Date(clock.now()) },
      { userKey: 'b', obtainedOn: new Date(clock.now()) },
    ]);
    expect(await tokens.service.listSignIns({ limit: 2, after: 'b' })).toMatchObject([{ userKey: 'c' }]);
    await expect(tokens.service.listSignIns({ limit: 0 })).rejects.toThrow(/"limit"/);
  });

  it('take one request for a thousand calls of an unknown user, and evict nobody', async () => {
    await adoptNew('ada');
    await oidOf('ada');
    for (let n = 0; n < 20; n++) {
      await expect(oidOf(`made up ${n}`)).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    }
    expect(tokens.service.state().users).toBe(1);
    expect(entra.requests.token).toBe(1);
  });

  it.each([
    ['nothing', undefined, /"response": missing/],
    ['a text', 'a token', /"response": a string/],
    [
      'a response without a refresh token',
      { access_token: 'a.b.c' },
      /"response.refresh_token".*offline_access/,
    ],
    ['the result of MSAL', { accessToken: 'a.b.c', account: {} }, /MSAL keeps the refresh token/],
    ['an empty refresh token', { refresh_token: '' }, /"response.refresh_token": an empty string/],
    ['a number', { refresh_token: 7 }, /"response.refresh_token": 7/],
    ['white space', { refresh_token: 'a b' }, /"response.refresh_token"/],
    ['a refresh token of 1 MB', { refresh_token: 'x'.repeat(1 << 20) }, /longer than/],
    ['two refresh tokens', { refresh_token: 'a', refreshToken: 'b' }, /differs from refreshToken/],
  ])('are not adopted from %s', async (_, response, problem) => {
    await expect(tokens.service.adopt('ada', response as SignInResponse)).rejects.toThrow(problem);
    expect(await stored('ada')).toBeUndefined();
    expect(entra.requests.token).toBe(0);
  });

  it.each([
    ['an empty text', ''],
    ['64 kB', 'k'.repeat(65_536)],
    ['nothing', undefined],
  ])('refuse %s as the key', async (_, key) => {
    const wrong = key as string;
    await expect(tokens.service.adopt(wrong, responseFor(newPerson()))).rejects.toThrow(/"userKey"/);
    expect(() => tokens.service.forUser(wrong)).toThrow(/Give a text of 1 to 128 bytes/);
    await expect(tokens.service.forget(wrong)).rejects.toThrow(/"userKey"/);
  });

  it('need the option `signIns`', async () => {
    const without = startUserTokens(userOptions(entra), { clock });
    expect(() => without.service.forUser('ada')).toThrow(/"users.signIns"/);
    await expect(without.service.adopt('ada', {})).rejects.toThrow(/TypeOrmSignInStore/);
    await without.stop();
    const wrong = (given: object) => () =>
      startUserTokens(userOptions(entra, { signIns: given as never }), { clock });
    expect(wrong({})).toThrow(/"users.signIns.store": missing/);
    expect(wrong({ store: {} })).toThrow(/not a store of sign-ins/);
    expect(wrong({ store: store.of('a') })).toThrow(/a store for one user/);
    expect(wrong({ store, limit: 3 })).toThrow(/no such option/);
  });

  it('show nothing secret', async () => {
    const ada = newPerson();
    const response = responseFor(ada);
    const scan = new SecretScan({ 'refresh token': response.refresh_token ?? '' });
    await tokens.service.adopt('ada', response);
    const credential = tokens.service.forUser('ada');
    scan.value('credential', credential);
    scan.value('token', await credential.getToken('graph'));
    const next = (await stored('ada'))?.refreshToken ?? '';
    await entra.faults.set('token', {
      kind: 'http-status',
      status: 400,
      body: { error: 'invalid_grant', error_description: `AADSTS70000: ${next} is bad` },
    });
    scan.value('error', await credential.getToken(vault).catch((error: unknown) => error));
    scan.value('service', tokens.service);
    scan.value('list', await tokens.service.listSignIns());
    scan.text('log', tokens.lines.join('\n'));
    expect(scan.leaks()).toEqual([]);
  });

  /** Lets the first lock of the store wait. @returns lets it go on */
  function delayFirstLock(): () => void {
    const gate = deferred();
    const of = store.of.bind(store);
    let isFirst = true;
    store.of = (key) => ({
      ...of(key),
      exclusive: async (work, options) => {
        const waits = isFirst;
        isFirst = false;
        if (waits) await gate.promise;
        return of(key).exclusive(work, options);
      },
    });
    return gate.resolve;
  }

  /** Lets the first lock of the store be released late for the one that had it. @returns lets it go on */
  function delayFirstUnlock(): () => void {
    const gate = deferred();
    const of = store.of.bind(store);
    let isFirst = true;
    store.of = (key) => ({
      ...of(key),
      exclusive: async (work, options) => {
        const waits = isFirst;
        isFirst = false;
        const result = await of(key).exclusive(work, options);
        if (waits) await gate.promise;
        return result;
      },
    });
    return gate.resolve;
  }

  /** Makes the store fail when a test wants it to. */
  function withFaults(): { exclusive?: Error | undefined; save?: Error | undefined } {
    const faults: ReturnType<typeof withFaults> = {};
    const of = store.of.bind(store);
    store.of = (key) => {
      const inner = of(key);
      return {
        ...inner,
        exclusive: (work, options) => {
          if (faults.exclusive) return Promise.reject(faults.exclusive);
          return inner.exclusive((access) => {
            const save: typeof access.save = (...given) =>
              faults.save ? Promise.reject(faults.save) : access.save(...given);
            return work({ ...access, save });
          }, options);
        },
      };
    };
    return faults;
  }
});

async function eventually(isDone: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 500; n++) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come about.');
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
