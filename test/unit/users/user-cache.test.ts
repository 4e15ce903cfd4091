import { describe, expect, it } from '@jest/globals';

import { UserCache } from '../../../lib/users/user-cache.js';
import { UserEntry } from '../../../lib/users/user-entry.js';

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
