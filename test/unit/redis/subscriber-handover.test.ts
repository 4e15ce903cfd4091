import { EventEmitter } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { handOver, type SubscribedClient } from '../../../lib/redis/subscriber-handover.js';

/** A subscriber of one channel, and the second one whose SUBSCRIBE does what a test wants. */
function setUp(subscribe: () => Promise<void>) {
  const standIn = Object.assign(new EventEmitter(), { subscribe, isGone: false });
  const client = Object.assign(new EventEmitter(), {
    options: {},
    condition: { subscriber: { channels: (kind: string) => (kind === 'subscribe' ? ['news'] : []) } },
    disconnects: 0,
    disconnect: () => void client.disconnects++,
    duplicate: () => Object.assign(standIn, { disconnect: () => void (standIn.isGone = true) }),
  });
  return { client, standIn, given: client as unknown as SubscribedClient };
}

describe('the handover of a subscriber', () => {
  it('ends when the connection has ended by itself: the client connects anew', async () => {
    const { client, standIn, given } = setUp(() => Promise.resolve(void client.emit('close')));

    await handOver(given);

    expect(client.disconnects).toBe(0);
    expect(standIn.isGone).toBe(true);
    expect(client.eventNames()).toEqual([]);
  });

  it('records nothing any more when there is no second subscriber', async () => {
    const { client, standIn, given } = setUp(() => Promise.reject(new Error('Connection is closed.')));

    await expect(handOver(given)).rejects.toThrow('Connection is closed.');

    expect(standIn.isGone).toBe(true);
    expect(client.eventNames()).toEqual([]);
  });
});
