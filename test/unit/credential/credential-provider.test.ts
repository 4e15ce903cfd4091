import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { EntraShutDownError } from '../../../lib/common/entra-auth.error.js';
import { CredentialProvider } from '../../../lib/credential/credential-provider.js';
import { flushCredentials } from '../../../lib/credential/flush-credentials.js';
import type { CredentialState } from '../../../lib/entra/credential-state.js';

const credential = { getToken: () => Promise.resolve(null) };
const ready: CredentialState = { name: 'ready', obtainedOn: null, expiresBy: null };

describe('an instance that the application gave', () => {
  it('stays the only one', async () => {
    const provider = new CredentialProvider(credential);
    expect(provider.renewable).toBe(false);
    const used = provider.get();
    expect(await provider.renew(used)).toBe(credential);
    expect(provider.state()).toBeUndefined();
    expect(provider.flushTimeoutInMs).toBeUndefined();
  });
});

describe('an instance that a function makes', () => {
  function counted() {
    const made: object[] = [];
    const provider = new CredentialProvider(() => {
      made.push({ ...credential });
      return made.at(-1) as typeof credential;
    });
    return { made, provider };
  }

  it('is made on first need, once, and replaced once for those who used it', async () => {
    const { made, provider } = counted();
    expect(made).toHaveLength(0);
    expect(provider.renewable).toBe(true);
    const used = provider.get();
    expect(provider.get()).toBe(used);
    await used;
    const renewed = await provider.renew(used);
    expect(renewed).toBe(made[1]);
    expect(await provider.renew(used)).toBe(made[1]);
    expect(made).toHaveLength(2);
  });

  it('is made again after a failure', async () => {
    let tries = 0;
    const provider = new CredentialProvider(() => {
      if (++tries === 1) throw new Error('client_secret=hush');
      return credential;
    });
    await expect(provider.get()).rejects.toMatchObject({
      code: 'ENTRA_CREDENTIAL_UNAVAILABLE',
      message:
        'The credential could not be made: client_secret=[redacted]. ' +
        'Check the "credential" option; for a class, pass `() => new TheCredential(…)`.',
      cause: { message: 'client_secret=[redacted]' },
    });
    await expect(provider.get()).resolves.toBe(credential);
  });

  it.each<[unknown, string]>([
    [null, 'returned null, not'],
    [undefined, 'returned undefined, not'],
    [{}, 'returned object, not'],
    ['token', 'returned string, not'],
  ])('must be a credential, not %j', async (value, text) => {
    await expect(new CredentialProvider(() => value as never).get()).rejects.toThrow(text);
  });

  it('passes an error of this package on', async () => {
    const error = new EntraShutDownError();
    const outer = new CredentialProvider(() => Promise.reject(error));
    await expect(outer.get()).rejects.toBe(error);
  });
});

it('a tenant is its own when it is configured or learned', () => {
  const provider = new CredentialProvider(credential, 'Contoso.example');
  expect(provider.isOwnTenant('contoso.example')).toBe(true);
  expect(provider.isOwnTenant('tenant-2')).toBe(false);
  provider.learnTenant('tenant-2');
  provider.learnTenant(undefined);
  expect(provider.isOwnTenant('TENANT-2')).toBe(true);
  expect(new CredentialProvider(credential).isOwnTenant('contoso.example')).toBe(false);
});

describe('what is lost with the process', () => {
  const reporting = (state: Partial<CredentialState>, more: object = {}) =>
    new CredentialProvider({ ...credential, state: () => ({ ...ready, ...state }), ...more } as never);

  it.each<[string, Partial<CredentialState>, object | undefined]>([
    ['nothing, when all is stored', {}, undefined],
    [
      'the new refresh token, in words of the credential',
      { unsaved: true, problem: 'It is full.', fix: 'Empty it.' },
      { problem: 'It is full.', fix: 'Empty it.' },
    ],
    [
      'the new refresh token, in other words',
      { unsaved: true },
      { problem: 'A new refresh token is not stored.', fix: 'Repair the store.' },
    ],
  ])('is %s', async (_, state, loss) => {
    const provider = reporting(state);
    expect(provider.unsaved()).toEqual(loss);
    const losses = await flushCredentials([provider, provider], new ManualClock());
    expect(losses).toEqual(loss === undefined ? [] : [{ credential: provider, ...loss }]);
  });

  it('is flushed first, once, and a failure of that loses nothing else', async () => {
    let flushes = 0;
    const flush = () => Promise.reject(new Error(`flush ${++flushes}`));
    const provider = reporting({}, { flush });
    await expect(flushCredentials([provider, provider], new ManualClock())).resolves.toEqual([]);
    expect(flushes).toBe(1);
    await expect(new CredentialProvider(credential).flush()).resolves.toBeUndefined();
  });

  it.each<[string, object, number]>([
    ['two seconds', {}, 2_000],
    ['its own time', { flushTimeoutInMs: 5_000 }, 5_000],
  ])('is given up after %s', async (_, more, timeoutInMs) => {
    const clock = new ManualClock();
    const provider = reporting({}, { flush: () => new Promise(() => undefined), ...more });
    let ended = false;
    const flushing = flushCredentials([provider], clock).finally(() => (ended = true));
    await clock.advance(timeoutInMs - 1);
    expect(ended).toBe(false);
    await clock.advance(1);
    await expect(flushing).resolves.toEqual([
      {
        credential: provider,
        problem: `The credential was given up after ${timeoutInMs} ms; a new refresh token that it waited for may be lost.`,
        fix: 'Raise its "shutdownTimeoutInMs", and the time that the platform gives the process to end.',
      },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits two seconds for other calls under way', async () => {
    const clock = new ManualClock();
    let ended = false;
    const flushing = flushCredentials([], clock, [new Promise(() => undefined)]).finally(
      () => (ended = true),
    );
    await clock.advance(1_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    await expect(flushing).resolves.toEqual([]);
    await expect(flushCredentials([], clock, [Promise.reject(new Error('x'))])).resolves.toEqual([]);
  });
});
