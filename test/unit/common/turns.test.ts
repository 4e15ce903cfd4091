import { expect, it } from '@jest/globals';

import { Turns } from '../../../lib/common/turns.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const never = new AbortController().signal;

it('gives turns in the order in which they were asked for', async () => {
  const turns = new Turns();
  const end = await turns.take('a', never);
  const second = turns.take('a', never);
  const third = turns.take('a', never);

  await expect(settlesAtOnce(second)).resolves.toBe(false);
  end();
  const endSecond = await second;
  await expect(settlesAtOnce(third)).resolves.toBe(false);
  endSecond();
  await expect(settlesAtOnce(third)).resolves.toBe(true);
});

it('gives turns of different things at the same time', async () => {
  const turns = new Turns();
  await turns.take('a', never);
  await expect(settlesAtOnce(turns.take('b', never))).resolves.toBe(true);
});

it('passes over whoever gave up waiting, and not before their turn', async () => {
  const turns = new Turns();
  const end = await turns.take('a', never);
  const gaveUp = new AbortController();
  const second = turns.take('a', gaveUp.signal);
  const third = turns.take('a', never);
  gaveUp.abort(new Error('no longer'));

  await expect(second).rejects.toThrow('no longer');
  await expect(settlesAtOnce(third)).resolves.toBe(false);
  end();
  await expect(third).resolves.toBeInstanceOf(Function);
});
