import { describe, expect, it } from '@jest/globals';

import {
  judgeHolder,
  parseHolder,
  type HolderState,
  type LockHolder,
  type ProcessStatus,
} from '../../../../lib/store/file/lock-holder.js';
import { parseStat } from '../../../../lib/store/file/process-status.js';

const observer: LockHolder = { id: 'a'.repeat(16), pid: 10, host: 'here', place: 'p', processStart: '100' };
const holder: LockHolder = { id: 'b'.repeat(16), pid: 20, host: 'here', place: 'p', processStart: '200' };
const running = (start?: string): ProcessStatus => ({ state: 'running', start });
const { place: _place, ...placeless } = holder;
const { processStart: _start, ...startless } = holder;

describe('a holder of a lock', () => {
  it.each<[string, LockHolder, ProcessStatus, HolderState]>([
    ['runs', holder, running('200'), 'alive'],
    ['has ended', holder, { state: 'gone' }, 'dead'],
    ['has ended, and its id is another process now', holder, running('300'), 'dead'],
    ['cannot be seen', holder, { state: 'hidden' }, 'unknown'],
    ['runs, but since when is not known here', holder, running(), 'unknown'],
    ['runs, but since when was not written', startless, running('200'), 'unknown'],
    ['has ended where starts are not known', startless, { state: 'gone' }, 'dead'],
    ['is on another machine', { ...holder, place: 'q' }, { state: 'gone' }, 'unknown'],
    ['is at an unknown place', placeless, { state: 'gone' }, 'unknown'],
    ['is this very process', { ...holder, pid: 10, processStart: '100' }, running('100'), 'unknown'],
    ['had the id of this process before', { ...holder, pid: 10 }, running('100'), 'dead'],
  ])('that %s', (_, of, status, expected) => {
    expect(judgeHolder(of, observer, status)).toBe(expected);
  });

  it('is unknown to an observer that does not know where it is itself', () => {
    const { place: _, ...lost } = observer;
    expect(judgeHolder(placeless, lost, { state: 'gone' })).toBe('unknown');
  });
});

describe('the content of a lock file', () => {
  it('is read as it was written', () => {
    expect(parseHolder(JSON.stringify(holder))).toEqual(holder);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '1',
    '{"id":"../../x","pid":1,"host":"h"}',
    '{"id":"aaaaaaaaaaaaaaaa","pid":0,"host":"h"}',
  ])('is nothing when it is %p', (text) => {
    expect(parseHolder(text)).toBeUndefined();
  });
});

describe('a line of /proc/<pid>/stat', () => {
  const fields = (state: string): string =>
    `${state} ${Array.from({ length: 18 }, (_, n) => n).join(' ')} 4711 9 9`;

  it.each([
    ['20 (node) ', 'S', running('4711')],
    ['20 (a) b (c)) ', 'R', running('4711')],
    ['20 (node) ', 'T', running('4711')],
    ['20 (node) ', 'Z', { state: 'gone' }],
    ['20 (node) ', 'X', { state: 'gone' }],
  ])('%s with state %s', (name, state, expected) => {
    expect(parseStat(name + fields(state))).toEqual(expected);
  });
});
