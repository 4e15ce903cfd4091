import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { TurnShare } from '../../../lib/users/turn-share.js';

describe('a share of the turns of the event loop', () => {
  it('is used up within a turn, and whole in the next', async () => {
    let turns = 0;
    const share = new TurnShare(2, () => turns++);
    share.take();
    expect(share.isLeft).toBe(true);
    share.take();
    await Promise.resolve();
    expect(share.isLeft).toBe(false);
    await setImmediate();
    expect([share.isLeft, turns]).toEqual([true, 1]);
  });

  it('asks for no turn that nothing waits for', async () => {
    let turns = 0;
    const share = new TurnShare(2, () => turns++);
    share.take();
    await setImmediate();
    await setImmediate();
    expect(turns).toBe(1);
  });
});
