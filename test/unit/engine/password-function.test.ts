import { describe, expect, it } from '@jest/globals';

import { passwordFunction } from '../../../lib/engine/password-function.js';

const outage = new Error('The token endpoint is down.');
const failing = passwordFunction(() => Promise.reject(outage));

/** As `pg` calls it: as a method of its client. */
function callOn(ended: () => unknown, others: object = { connectionParameters: {} }): Promise<string> {
  return { ...others, end: ended, password: failing }.password();
}

describe('a password function', () => {
  it('returns the token, whatever it is called on', async () => {
    const password = passwordFunction(() => Promise.resolve({ token: 'a token' }));
    await expect(password()).resolves.toBe('a token');
    const client = { connectionParameters: {}, end: () => expect(true).toBe(false), password };
    await expect(client.password()).resolves.toBe('a token');
  });

  it('ends the client of pg that it has no token for', async () => {
    let ended = 0;
    await expect(callOn(() => Promise.resolve(ended++))).rejects.toBe(outage);
    expect(ended).toBe(1);
  });

  it.each<[string, () => unknown]>([
    ['throws', () => new URL('/')],
    ['rejects', () => Promise.reject(new Error('The socket is gone.'))],
    ['returns nothing', () => undefined],
  ])('fails with its reason when the end %s', async (_, end) => {
    await expect(callOn(end)).rejects.toBe(outage);
  });

  it('ends nothing else', async () => {
    let ended = 0;
    await expect(failing()).rejects.toBe(outage);
    await expect(callOn(() => ended++, {})).rejects.toBe(outage);
    await expect(failing.call('end' as never)).rejects.toBe(outage);
    expect(ended).toBe(0);
  });
});
