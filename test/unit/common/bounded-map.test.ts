import { expect, it } from '@jest/globals';

import { BoundedMap } from '../../../lib/common/bounded-map.js';

const entriesAfter = (...sets: [key: string, value: number][]): [string, number][] => {
  const map = new BoundedMap<string, number>(2);
  for (const [key, value] of sets) map.set(key, value);
  return [...map];
};

it('deletes the oldest entry when there are too many', () => {
  expect(entriesAfter(['a', 1], ['b', 2], ['c', 3])).toEqual([
    ['b', 2],
    ['c', 3],
  ]);
});

it('makes an entry that is set again the newest', () => {
  expect(entriesAfter(['a', 1], ['b', 2], ['a', 3], ['c', 4])).toEqual([
    ['a', 3],
    ['c', 4],
  ]);
});
