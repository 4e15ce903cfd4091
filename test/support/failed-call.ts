import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Fails in a method, as a request does of what holds a token. */
class Caller {
  async fail<E extends Error>(make: (cause: Error) => E): Promise<E> {
    await setImmediate();
    return make(this.#cause());
  }

  #cause(): Error {
    return new Error('the cause');
  }
}

/** An error of a method that has run, and whether the object of the method can be collected. */
export async function failedCall<E extends Error>(
  make: (cause: Error) => E,
): Promise<{ error: E; isCollected: () => Promise<boolean> }> {
  const run = async (): Promise<{ error: E; ran: WeakRef<Caller> }> => {
    const caller = new Caller();
    return { error: await caller.fail(make), ran: new WeakRef(caller) };
  };
  const { error, ran } = await run();
  const isCollected = async (): Promise<boolean> => {
    // A `WeakRef` keeps its object until the end of the job that looked at it; a frame that has returned may keep it a while longer.
    for (let round = 0; round < 10; round++) {
      await setImmediate();
      collectGarbage();
      if (ran.deref() === undefined) return true;
    }
    return false;
  };
  return { error, isCollected };
}
