import { AsyncResource } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';

import {
  connectRequests,
  currentObservation,
  observationOf,
  observe,
  type WireObservation,
} from '../../../lib/entra/wire-observation.js';

describe('the observation of a call', () => {
  it('is found by the signal that the call was given, until the next call', () => {
    const { signal } = new AbortController();
    const first = observe(signal);
    expect(observationOf(signal)).toBe(first);
    const second = observe(signal);
    expect(observationOf(signal)).toBe(second);
    expect(observationOf(new AbortController().signal)).not.toBe(second);
  });

  it('is found by requests inside the call only, and costs the process nothing after the last call', async () => {
    const calls: Array<() => void> = [];
    const after: Array<() => WireObservation | undefined> = [];
    const make = (observation: WireObservation): Promise<void> =>
      connectRequests(observation, async () => {
        after.push(AsyncResource.bind(currentObservation));
        await new Promise<void>((resolve) => calls.push(resolve));
        expect(currentObservation()).toBe(observation);
      });
    const first: WireObservation = { signal: undefined, statusCode: 1 };
    const second: WireObservation = { signal: undefined, statusCode: 2 };
    const made = [make(first), make(second)];
    expect(currentObservation()).toBeUndefined();
    calls[0]?.();
    await made[0];
    expect(after.map((look) => look())).toEqual([undefined, second]);
    calls[1]?.();
    await made[1];
    expect(after.map((look) => look())).toEqual([undefined, undefined]);
  });

  it('ends with a call that fails', async () => {
    let look: () => WireObservation | undefined = () => undefined;
    const failing = connectRequests({ signal: undefined }, () => {
      look = AsyncResource.bind(currentObservation);
      return Promise.reject(new Error('refused'));
    });
    await expect(failing).rejects.toThrow('refused');
    expect(look()).toBeUndefined();
  });
});
