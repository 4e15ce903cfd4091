import { expect, it } from '@jest/globals';

import { setNewest } from '../../../lib/common/set-newest.js';

const entriesAfter = (...sets: [key: string, value: number][]): [string, number][] => {
  const map = new Map<string, number>();
  for (const [key, value] of sets) setNewest(map, key, value, 2);
  return [...map];
};

it('lets go of the oldest entry when there are too many', () => {
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
