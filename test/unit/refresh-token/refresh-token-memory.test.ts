import { describe, expect, it } from '@jest/globals';

import { RefreshTokenMemory } from '../../../lib/refresh-token/refresh-token-memory.js';

const grant = (refreshToken: string) => ({ refreshToken, obtainedOnTimestamp: 0 });
const namesOf = (values: readonly { refreshToken: string }[]) =>
  values.map(({ refreshToken }) => refreshToken);

describe('a refresh token that is not stored', () => {
  it('is the latest, and follows on the one before, and on what that followed', () => {
    const memory = new RefreshTokenMemory();
    memory.keep(grant('b'), ['a']);
    expect(memory.unsaved).toEqual({ value: grant('b'), follows: ['a'] });
    memory.keep(grant('c'), ['b']);
    expect(memory.unsaved).toEqual({ value: grant('c'), follows: ['a', 'b'] });
    expect(memory.latest).toEqual(grant('c'));
  });

  it('may follow on nothing', () => {
    const memory = new RefreshTokenMemory();
    memory.keep(grant('a'), []);
    expect(memory.unsaved?.follows).toEqual([]);
  });

  it('remembers the first that it follows on, and the last two hundred', () => {
    const memory = new RefreshTokenMemory();
    for (let n = 1; n <= 300; n++) memory.keep(grant(`t${n}`), [`t${n - 1}`]);
    const follows = memory.unsaved?.follows ?? [];
    expect(follows).toHaveLength(201);
    expect([follows[0], follows[1], follows.at(-1)]).toEqual(['t0', 't100', 't299']);
  });

  it('is redeemed before what the store holds, and that before what was in use', () => {
    const memory = new RefreshTokenMemory();
    memory.latest = grant('used');
    expect(namesOf(memory.candidates(undefined))).toEqual(['used']);
    expect(namesOf(memory.candidates(grant('stored')))).toEqual(['stored']);
    memory.keep(grant('new'), ['stored']);
    expect(namesOf(memory.candidates(grant('stored')))).toEqual(['new', 'stored']);
    expect(new RefreshTokenMemory().candidates(undefined)).toEqual([]);
  });
});

describe('fallbacks', () => {
  it('are three, the newest first, each once', () => {
    const memory = new RefreshTokenMemory();
    for (const name of ['a', 'b', 'c', 'd', 'b']) memory.addFallback(grant(name));
    expect(namesOf(memory.candidates(grant('stored')))).toEqual(['stored', 'b', 'd', 'c']);
  });

  it('are those of the user in use alone, not of one with the same object id in another tenant', () => {
    const memory = new RefreshTokenMemory();
    const of = (name: string, tenantId: string, objectId = 'ada') => {
      return { ...grant(name), user: { objectId, tenantId } };
    };
    for (const other of [of('elsewhere', 'fabrikam'), of('eve', 'contoso', 'eve'), of('ada', 'contoso')])
      memory.addFallback(other);
    expect(namesOf(memory.candidates(of('stored', 'contoso')))).toEqual(['stored', 'ada']);
    expect(namesOf(memory.candidates(grant('stored')))).toEqual(['stored']);
  });

  it.each(['refused', 'replaced'] as const)(
    'that were %s are not tried again, unless they are in use',
    (why) => {
      const memory = new RefreshTokenMemory();
      memory.addFallback(grant('a'));
      memory.addFallback(grant('b'));
      memory.retire('a', why);
      expect(namesOf(memory.candidates(grant('b')))).toEqual(['b']);
      expect(namesOf(memory.candidates(grant('a')))).toEqual(['a', 'b']);
    },
  );

  it('that were refused are tried again when twenty others were since', () => {
    const memory = new RefreshTokenMemory();
    memory.addFallback(grant('a'));
    memory.retire('a', 'refused');
    for (let n = 1; n < 20; n++) memory.retire(`t${n}`, 'refused');
    expect(namesOf(memory.candidates(grant('b')))).toEqual(['b']);
    memory.retire('t20', 'refused');
    expect(namesOf(memory.candidates(grant('b')))).toEqual(['b', 'a']);
  });

  it('end with the acceptance of what they fell back from, and of their own', () => {
    const memory = new RefreshTokenMemory();
    memory.addFallback(grant('a'));
    memory.retire('b', 'refused');
    expect(memory.accept('a')).toBeUndefined();
    memory.addFallback(grant('b'));
    memory.accept('b');
    memory.addFallback(grant('b'));
    expect(namesOf(memory.candidates(grant('c')))).toEqual(['c', 'b']);
  });
});

describe('a refresh token in doubt', () => {
  it('leaves the one that it replaced until it is accepted, once', () => {
    const memory = new RefreshTokenMemory();
    memory.doubt('new', grant('old'));
    expect(namesOf(memory.candidates(grant('new')))).toEqual(['new', 'old']);
    expect(memory.accept('other')).toBeUndefined();
    expect(memory.accept('new')).toBe('old');
    expect(memory.accept('new')).toBeUndefined();
    expect(namesOf(memory.candidates(grant('new')))).toEqual(['new']);
  });
});

describe('a store that went back to an older state', () => {
  function replaced() {
    const memory = new RefreshTokenMemory();
    memory.latest = grant('new');
    memory.retire('old', 'replaced');
    return memory;
  }

  it('is to hold the successor again', () => {
    const memory = replaced();
    memory.recover('old');
    expect(memory.unsaved).toEqual({ value: grant('new'), follows: ['old'] });
    const unsaved = replaced();
    unsaved.keep(grant('newer'), ['new']);
    unsaved.recover('old');
    expect(unsaved.unsaved).toEqual({ value: grant('newer'), follows: ['new', 'newer', 'old'] });
  });

  it.each<[string, (memory: RefreshTokenMemory) => void, string]>([
    ['it holds the successor', () => undefined, 'new'],
    ['it holds what another process has stored', () => undefined, 'other'],
    ['what it holds was refused', (memory) => memory.retire('old', 'refused'), 'old'],
    ['the successor was refused', (memory) => memory.retire('new', 'refused'), 'old'],
    ['no successor is known', (memory) => (memory.latest = undefined), 'old'],
  ])('is left as it is where %s', (_, prepare, stored) => {
    const memory = replaced();
    prepare(memory);
    memory.recover(stored);
    expect(memory.unsaved).toBeUndefined();
  });
});
