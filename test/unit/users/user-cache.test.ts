import { hash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';
import { withoutFrames } from '../../../lib/common/thrown.js';
import { signInPlace } from '../../../lib/users/challenge.js';
import { personKey } from '../../../lib/users/person.js';
import { UserCache } from '../../../lib/users/user-cache.js';
import { UserEntry } from '../../../lib/users/user-entry.js';
import type { UserResource } from '../../../lib/users/user-resources.js';
import { UserInteractionRequiredError } from '../../../lib/users/user-token.error.js';
import { seededRandom } from '../../simulation/seeded-random.js';

const entryOf = (key: number | string): UserEntry => new UserEntry(String(key), Infinity, undefined);
const fill = (cache: UserCache, count: number): void => {
  for (let n = 0; n < count; n++) cache.put(entryOf(n));
};
const held = (cache: UserCache, count: number): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => cache.get(String(n)) !== undefined);

describe('the entries of users', () => {
  it('make room from the oldest on, but for those that were used meanwhile', () => {
    const cache = new UserCache({ maxUsers: 5, maxBytes: Infinity });
    fill(cache, 5);
    cache.get('0');
    cache.get('2');
    for (const key of ['a', 'b', 'c']) cache.put(entryOf(key));
    expect(held(cache, 5)).toEqual([0, 2]);
    expect(cache).toMatchObject({ size: 5, evictions: 3 });
  });

  it('make room at once where all were used, and for one that is larger than all', () => {
    const cache = new UserCache({ maxUsers: 1_000, maxBytes: Infinity });
    fill(cache, 1_000);
    expect(held(cache, 1_000)).toHaveLength(1_000);
    cache.put(entryOf('one more'));
    expect(cache.get('one more')).toBeDefined();
    expect(cache).toMatchObject({ size: 1_000, evictions: 1 });
    // Eight were passed over.
    expect(cache.get('8')).toBeUndefined();

    const small = new UserCache({ maxUsers: 5, maxBytes: 1 });
    small.put(entryOf('too large'));
    expect(small).toMatchObject({ size: 0, bytes: 0 });
  });

  it('are counted once, however often they are put', () => {
    const cache = new UserCache({ maxUsers: 5, maxBytes: Infinity });
    const entry = entryOf('a');
    for (let n = 0; n < 10; n++) cache.put(entry);
    const other = entryOf('a');
    cache.put(other);
    expect(cache.get('a')).toBe(other);
    expect(cache).toMatchObject({ size: 1, bytes: other.bytes, evictions: 0 });
    cache.delete(entry);
    expect(cache.size).toBe(1);
    cache.clear();
    expect(cache).toMatchObject({ size: 0, bytes: 0 });
  });
});

const resourceOf = (name: string): UserResource => ({
  name,
  scopes: [name],
  enableCae: false,
  expectations: {},
});
const resources = ['graph', 'vault', 'mail'].map(resourceOf);

const tokenOf = (length: number): HeldAccessToken => {
  const token = Buffer.alloc(length, 'x').toString('latin1');
  return new HeldAccessToken({
    ...{ token, acquiredAt: Date.now() + 0.5, expiresOnTimestamp: Date.now() + 3_600_000 },
    ...{ clockAheadInMs: 321, tenantId: 'tenant' },
  });
};

/** A user as exchanges leave one behind: with a key by a hash, and a token for each of so many resources. */
function userOf(n: number, { length, slots }: { length: number; slots: number }): UserEntry {
  const key = hash('sha256', String(n), 'binary');
  const entry = new UserEntry(key, Date.now() + 3_600_000, undefined);
  entry.person = personKey({ tenantId: 'tenant', objectId: String(n) });
  for (const resource of resources.slice(0, slots)) {
    const slot = entry.slotOf(resource);
    slot.token = tokenOf(length);
    slot.freshUntil = Date.now() + 1_800_000.5;
  }
  return entry;
}

describe('the size of what is held', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapUsed = (): number => {
    for (let round = 0; round < 3; round++) collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const refusal = () => {
    const problem = 'AADSTS50076: You must use multi-factor authentication. '.repeat(6);
    const details = {
      place: signInPlace('https://login.microsoftonline.com', 'tenant', 'client'),
      ...{ aadsts: 50076, claims: '{"access_token":{}}', oauthError: 'interaction_required' },
    };
    const error = withoutFrames(new UserInteractionRequiredError('graph', problem, details));
    return { error, at: 0, claims: undefined };
  };

  it.each([
    ['of one token each', 5_000, 1.1, { length: 1_500, slots: 1 }],
    ['of three tokens each', 3_000, 1.1, { length: 1_500, slots: 3 }],
    ['of short tokens', 20_000, 1.1, { length: 40, slots: 1 }],
    // Some texts of an error are parts of others.
    ['that were refused', 1_000, 1.5, { length: 0, slots: 0 }],
  ])('is what the heap grows by, or little more: users %s', (_, count, most, shape) => {
    const cache = new UserCache({ maxUsers: count, maxBytes: Infinity });
    const add = (n: number): void => {
      const entry = userOf(n, shape);
      if (shape.slots === 0) entry.slotOf(resources[0] ?? resourceOf('graph')).refusal = refusal();
      cache.put(entry);
    };
    for (let n = 0; n < 500; n++) add(n);
    cache.clear();
    const before = heapUsed();
    for (let n = 0; n < count; n++) add(n);
    const grown = heapUsed() - before;
    expect(cache.bytes / grown).toBeGreaterThan(0.9);
    expect(cache.bytes / grown).toBeLessThan(most);
  });

  it.each([
    ['users', { maxUsers: 1_000, maxBytes: 2 ** 40 }],
    ['bytes', { maxUsers: 1e6, maxBytes: 1_000_000 }],
    ['both', { maxUsers: 700, maxBytes: 1_000_000 }],
  ])('stays within the limit of %s under churn, and is the sum of what is there', (_, limits) => {
    const cache = new UserCache(limits);
    const random = seededRandom(7);
    const held = new Map<string, UserEntry>();
    let exceeded = 0;
    for (let n = 0; n < 20_000; n++) {
      const key = Math.floor(random() * 3_000);
      const shape = { length: Math.floor(random() * 3_000), slots: 1 + Math.floor(random() * 3) };
      const entry = cache.get(userOf(key, shape).key) ?? userOf(key, shape);
      const action = random();
      if (action < 0.7) cache.put(entry);
      else if (action < 0.8) cache.delete(entry);
      else if (entry.token !== undefined) {
        // One that is there grows.
        entry.slotOf(resources[2] ?? resourceOf('mail')).token = tokenOf(2_000);
        cache.put(entry);
      }
      held.set(entry.key, entry);
      if (cache.size > limits.maxUsers || cache.bytes > limits.maxBytes) exceeded++;
    }
    expect(exceeded).toBe(0);
    const there = [...held.values()].filter((entry) => cache.get(entry.key) === entry);
    expect(there).toHaveLength(cache.size);
    expect(there.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(cache.bytes);
    expect(cache.evictions).toBeGreaterThan(1_000);
    let swept = 0;
    for (let from = cache.sweep(undefined, look()); from !== undefined; from = cache.sweep(from, look()));
    expect(swept).toBe(cache.size);
    function look() {
      return { most: 100, now: Date.now(), visit: () => swept++ };
    }
  });
});

describe('an entry', () => {
  it('keeps 32 tokens; of more, the oldest but for the first makes room', () => {
    const entry = entryOf('a');
    const all = Array.from({ length: 40 }, (_, n) => resourceOf(`r${n}`));
    for (const resource of all) entry.slotOf(resource);
    const names = [...entry.slots()].map(({ resource }) => resource?.name);
    expect(names).toEqual(['r0', ...all.slice(-31).map(({ name }) => name)]);
    expect(entry.find(all[1] ?? resourceOf('r1'))).toBeUndefined();
  });

  it('has no slot before it is asked for one, and none once it is cleared', () => {
    const entry = entryOf('a');
    expect([...entry.slots()]).toEqual([]);
    for (const resource of resources) entry.slotOf(resource).token = tokenOf(10);
    entry.clear();
    expect([...entry.slots()]).toEqual([]);
    expect(resources.map((resource) => entry.find(resource))).toEqual([undefined, undefined, undefined]);
    expect(entry.bytes).toBe(entryOf('b').bytes);
  });
});
