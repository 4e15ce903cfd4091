import { describe, expect, it } from '@jest/globals';

import { ManagedIdentityCache } from '../../../lib/credential/managed-identity-cache.js';
import { wireObservation } from '../../../lib/credential/wire-observation.js';

const expiresOn = new Date(Date.UTC(2026, 0, 1));
const scopes = ['https://api.example/.default'];

interface Request {
  resource: string;
  forceRefresh?: boolean;
}

/** What `ManagedIdentityCredential` has inside, as far as it matters. */
function credentialOf(answer: (request: Request) => Promise<object> | object) {
  const requests: Request[] = [];
  const acquireToken = (request: Request): Promise<object> => {
    requests.push(request);
    return Promise.resolve(answer(request));
  };
  return { requests, credential: { managedIdentityApp: { acquireToken } } };
}

function cacheOf(answer: (request: Request) => Promise<object> | object) {
  const { requests, credential } = credentialOf(answer);
  const cache = ManagedIdentityCache.of(credential);
  if (cache === undefined) throw new Error('No cache was found.');
  return { requests, cache };
}

describe('ManagedIdentityCache.of', () => {
  const { credential } = credentialOf(() => ({}));

  it.each([
    ['a credential of managed identity', credential, true],
    ['a chain that has one', { _sources: [{}, null, 'a', credential] }, true],
    ['a chain without one', { _sources: [{}] }, false],
    ['an empty chain', { _sources: [] }, false],
    ['another credential', { getToken: () => null }, false],
    ['one that is built differently', { managedIdentityApp: { acquire: () => null } }, false],
  ])('%s', (_, given, found) => {
    expect(ManagedIdentityCache.of(given) !== undefined).toBe(found);
  });
});

describe('whether the cache holds a token', () => {
  it('is asked with a signal that lets no request out', async () => {
    const { cache } = cacheOf(() => {
      expect(wireObservation.getStore()?.signal?.aborted).toBe(true);
      return { accessToken: 'one', expiresOn };
    });
    await expect(cache.holds('one', scopes)).resolves.toBe(true);
    await expect(cache.holds('two', scopes)).resolves.toBe(false);
  });

  it('is no when only a request could tell', async () => {
    const { cache } = cacheOf(() => Promise.reject(new Error('network_error')));
    await expect(cache.holds('one', scopes)).resolves.toBe(false);
  });

  it.each([[[]], [['https://one.example/.default', 'https://two.example/.default']]])(
    'is no for the scopes %j, which managed identity does not take',
    async (none) => {
      const { cache, requests } = cacheOf(() => ({ accessToken: 'one', expiresOn }));
      await expect(cache.holds('one', none)).resolves.toBe(false);
      expect(requests).toEqual([]);
    },
  );
});

describe('replacing the token', () => {
  it('asks past the cache for the resource by which it is keyed', async () => {
    const refreshOn = new Date(expiresOn.getTime() - 1_000);
    const { cache, requests } = cacheOf(() => ({ accessToken: 'new', expiresOn, refreshOn }));
    await expect(cache.replace(scopes)).resolves.toEqual({
      token: 'new',
      expiresOnTimestamp: expiresOn.getTime(),
      refreshAfterTimestamp: refreshOn.getTime(),
    });
    expect(requests).toEqual([{ resource: 'https://api.example', forceRefresh: true }]);
  });

  it('leaves an answer without a time to the validation', async () => {
    const { cache } = cacheOf(() => ({ accessToken: 'new', expiresOn: null }));
    await expect(cache.replace(scopes)).resolves.toEqual({ token: 'new', expiresOnTimestamp: NaN });
  });
});
