import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { TokenEntry } from '../../../lib/engine/token-entry.js';
import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const hour = 3_600_000;
const credential = { getToken: () => Promise.resolve(null) };

function setUp() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const entry = new TokenEntry(
    resolveOptions({ credential, resources: { graph: {} } }).resources.get('graph')!,
  );
  const issue = (token: string) =>
    new HeldAccessToken({ token, acquiredAt: clock.now(), expiresOnTimestamp: clock.now() + hour });
  return { clock, entry, issue };
}

describe('callers that wait for a token of an entry', () => {
  it('get the new one of an attempt', async () => {
    const { clock, entry, issue } = setUp();
    const waiting = entry.next();
    const token = issue('one');
    entry.conclude({ kind: 'new', token }, clock);
    await expect(waiting).resolves.toBe(token);
    expect(entry.hasWaiters).toBe(false);
  });

  it('do not get the rejected one when a challenge brings no other', async () => {
    const { clock, entry, issue } = setUp();
    entry.conclude({ kind: 'new', token: issue('one') }, clock);
    entry.conclude({ kind: 'rejected' }, clock);
    const waiting = entry.next();
    entry.conclude({ kind: 'same', challenged: true }, clock);
    await expect(settlesAtOnce(waiting)).resolves.toBe(false);
    const token = issue('two');
    entry.conclude({ kind: 'new', token }, clock);
    await expect(waiting).resolves.toBe(token);
  });

  it('are not forgotten when a challenge fails', () => {
    const { clock, entry } = setUp();
    entry.noteUse();
    entry.conclude({ kind: 'failed', error: new Error('no'), challenged: true }, clock);
    expect(entry.isUsed).toBe(true);
    entry.conclude({ kind: 'failed', error: new Error('no'), challenged: false }, clock);
    expect(entry.isUsed).toBe(false);
  });

  it('are refused when the entry closes', async () => {
    const { entry } = setUp();
    const waiting = entry.next();
    entry.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect([entry.isClosed, entry.hasWaiters]).toEqual([true, false]);
  });
});

describe('an entry', () => {
  it('serves the token that it holds until shortly before its end', async () => {
    const { clock, entry, issue } = setUp();
    expect(entry.answerAt(clock.now())).toBeUndefined();
    const token = issue('one');
    entry.conclude({ kind: 'new', token }, clock);
    await expect(entry.answerAt(clock.now() + hour - 30_001)).resolves.toBe(token);
    expect(entry.answerAt(clock.now() + hour - 30_000)).toBeUndefined();
  });

  it('is idle when all that was handed out has ended', async () => {
    const { clock, entry, issue } = setUp();
    expect(entry.isIdle(clock.now())).toBe(true);
    entry.conclude({ kind: 'new', token: issue('one') }, clock);
    entry.noteUse();
    expect(entry.isIdle(clock.now())).toBe(false);
    await clock.advance(hour / 2);
    entry.conclude({ kind: 'new', token: issue('two') }, clock);
    expect(entry.isIdle(clock.now() + hour / 2 - 1)).toBe(false);
    expect(entry.isIdle(clock.now() + hour / 2)).toBe(true);
    void entry.next();
    expect(entry.isIdle(clock.now() + hour / 2)).toBe(false);
  });

  it('that rests wakes at the end of its token, and works again with the next attempt', () => {
    const { clock, entry, issue } = setUp();
    expect(entry.wakeAt).toBe(-Infinity);
    entry.conclude({ kind: 'new', token: issue('one') }, clock);
    expect(entry.wakeAt).toBeLessThan(clock.now() + hour);
    entry.rest();
    expect(entry.wakeAt).toBe(clock.now() + hour);
    entry.begin(clock.now());
    expect(entry.wakeAt).toBeLessThan(clock.now() + hour);
  });

  it('is awaited while something is under way', async () => {
    const { clock, entry, issue } = setUp();
    expect(entry.isAwaited).toBe(false);
    const { promise } = entry.begin(clock.now());
    expect(entry.isAwaited).toBe(true);
    const token = issue('one');
    entry.end(token);
    await expect(promise).resolves.toBe(token);
    expect(entry.isAwaited).toBe(false);
    entry.challenges.begin('{}', Promise.resolve(token));
    expect(entry.isAwaited).toBe(true);
    entry.challenges.end('{}');
    expect(entry.isAwaited).toBe(false);
  });
});
