import { describe, expect, it } from '@jest/globals';

import { Fifo } from '../../../lib/common/fifo.js';

describe('first in, first out', () => {
  it('gives each item once, in the order in which they came', () => {
    const fifo = new Fifo<number>();
    const taken: (number | undefined)[] = [];
    let added = 0;
    for (let round = 0; round < 3_000; round++) {
      fifo.add(added++);
      fifo.add(added++);
      taken.push(fifo.take());
      expect(fifo.length).toBe(added - taken.length);
    }
    while (fifo.length > 0) taken.push(fifo.take());
    expect(taken).toEqual(Array.from({ length: added }, (_, n) => n));
    expect(fifo.take()).toBeUndefined();
  });

  it('gives up what is left, and goes on', () => {
    const fifo = new Fifo<string>();
    for (const item of ['a', 'b', 'c']) fifo.add(item);
    fifo.take();
    expect(fifo.clear()).toEqual(['b', 'c']);
    expect(fifo.length).toBe(0);
    fifo.add('d');
    expect([fifo.take(), fifo.take()]).toEqual(['d', undefined]);
  });
});
