import { describe, expect, it } from '@jest/globals';

import { CredentialProvider } from '../../../lib/credential/credential-provider.js';
import { ManagedIdentityCache } from '../../../lib/credential/managed-identity-cache.js';
import { ObservedCredential } from '../../../lib/credential/observed-credential.js';
import { forcingLadder } from '../../../lib/token/forcing-ladder.js';
import { TokenSource } from '../../../lib/token/token-source.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';
import { FakeCredential } from '../../support/fake-credential.js';
import { jwt } from '../../support/tokens.js';

const hour = 3_600_000;

describe('the ladder', () => {
  it.each([
    [false, false, ['plain call', 'empty claims']],
    [false, true, ['plain call', 'second plain call', 'empty claims']],
    [true, false, ['plain call', 'new instance', 'past the shared cache']],
    [true, true, ['plain call', 'second plain call', 'new instance', 'past the shared cache']],
  ])('renewable: %s, after the issuer’s own time: %s', (renewable, issuerWantsRefresh, steps) => {
    const applied = forcingLadder.filter((step) => step.applies({ renewable, issuerWantsRefresh }));
    expect(applied.map(({ name }) => name)).toEqual(steps);
  });
});

describe('climbing', () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const expiresOn = new Date(clock.now() + hour);
  const tokenFor = (audience: string, id: number) => jwt({ aud: audience, exp: +expiresOn / 1000, id });
  const wrong = tokenFor('https://management.azure.com', 1);
  const good = tokenFor('https://ossrdbms-aad.database.windows.net', 2);

  /** Credentials whose instances share a cache with a bad token, as those of managed identity do. */
  function sharedCache(cached: string, answered = cached) {
    const forced: string[] = [];
    let instances = 0;
    const managedIdentityApp = {
      acquireToken: ({ resource, forceRefresh }: { resource: string; forceRefresh?: boolean }) => {
        if (forceRefresh === true) forced.push(resource);
        return Promise.resolve({ accessToken: forceRefresh === true ? good : cached, expiresOn });
      },
    };
    const create = (): ObservedCredential => {
      instances++;
      const inner = new FakeCredential(clock.now);
      inner.answer(() => ({ token: answered, expiresOnTimestamp: +expiresOn }));
      return new ObservedCredential(inner, ManagedIdentityCache.of({ managedIdentityApp }));
    };
    const { resources } = resolveOptions({ credential: create, clock, resources: { postgres: {} } });
    const resource = resources.get('postgres');
    if (resource === undefined) throw new Error('The resource was not resolved.');
    const source = new TokenSource({ ...resource, credential: new CredentialProvider(create) }, clock);
    const acquire = () => source.acquire({ anyOther: false, signal: new AbortController().signal });
    return { acquire, forced, instances: () => instances };
  }

  it('ends past the cache that all instances share', async () => {
    const { acquire, forced, instances } = sharedCache(wrong);
    expect((await acquire())?.token).toBe(good);
    expect(forced).toEqual(['https://ossrdbms-aad.database.windows.net']);
    expect(instances()).toBe(2);
  });

  it('leaves that cache alone when the token is not from there', async () => {
    const { acquire, forced } = sharedCache('another', wrong);
    await expect(acquire()).rejects.toMatchObject({ reason: 'wrong-audience' });
    expect(forced).toEqual([]);
  });

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
