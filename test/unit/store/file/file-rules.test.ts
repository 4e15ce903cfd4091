import { describe, expect, it } from '@jest/globals';

import { pollDelay } from '../../../../lib/store/file/file-lock.js';
import {
  directoryPermissionFault,
  filePermissionFault,
} from '../../../../lib/store/file/file-permissions.js';
import { HeartbeatMonitor } from '../../../../lib/store/file/heartbeat.js';
import { leftovers } from '../../../../lib/store/file/token-file.js';

describe('the permissions of the file', () => {
  it.each<[number, number, number | undefined, boolean, string | undefined]>([
    [0o100600, 7, 7, false, undefined],
    [0o100400, 7, 7, false, undefined],
    [0o100640, 7, 7, false, "chmod 600 '/x'"],
    [0o100601, 7, 7, false, "chmod 600 '/x'"],
    [0o100660, 7, 7, true, undefined],
    [0o100664, 7, 7, true, "chmod 660 '/x'"],
    [0o100600, 8, 7, false, "chown 7 '/x'"],
    [0o100600, 8, 0, false, "chown 0 '/x'"],
    [0o100660, 8, 7, true, undefined],
    [0o100666, 0, undefined, false, undefined],
  ])('mode %o of user %d for user %p, group let in: %p', (mode, uid, user, groupAllowed, expected) => {
    const fault = filePermissionFault('/x', { mode, uid }, user, groupAllowed);
    if (expected === undefined) expect(fault).toBeUndefined();
    else expect(fault?.fix).toContain(expected);
  });
});

describe('the permissions of the directory', () => {
  it.each<[number, number | undefined, boolean]>([
    [0o40700, 7, true],
    [0o40755, 7, true],
    [0o42775, 7, true],
    [0o41777, 7, true],
    [0o40777, 7, false],
    [0o40702, 7, false],
    [0o40777, undefined, true],
  ])('mode %o for user %p', (mode, user, allowed) => {
    expect(directoryPermissionFault('/x', { mode, uid: 0 }, user) === undefined).toBe(allowed);
  });
});

describe('what was left behind', () => {
  const own = '00112233445566aa';
  const other = 'ffffffffffffffff';

  it.each<[string, boolean]>([
    [`t.${other}.tmp`, true],
    [`t.lock.${other}.tmp`, true],
    [`t.lock.${other}`, true],
    [`t.lock.${other}.${own}`, true],
    [`t.lock.${other}.removed`, true],
    [`t.lock.${own}`, false],
    [`t.lock.${own}.${other}`, false],
    ['t', false],
    ['t.lock', false],
    ['t.bak', false],
    [`t.${other}`, false],
    [`u.${other}.tmp`, false],
    [`t.txt.${other}.tmp`, false],
  ])('%s: %p', (name, expected) => {
    expect(leftovers([name], 't', own)).toEqual(expected ? [name] : []);
  });
});

describe('the missing heartbeat of a holder', () => {
  const look = (id: string, heartbeat: number) => ({ id, heartbeat, holder: undefined });

  it('is measured while the same heartbeat is seen', () => {
    const monitor = new HeartbeatMonitor();
    const seen = [0, 100, 250].map((now) => monitor.note('p', look('a', 1), now, 400));
    expect(seen).toEqual([0, 100, 250]);
  });

  it.each([
    ['another heartbeat', look('a', 2)],
    ['another holder', look('b', 1)],
  ])('ends with %s', (_, entry) => {
    const monitor = new HeartbeatMonitor();
    monitor.note('p', look('a', 1), 0, 400);
    expect(monitor.note('p', entry, 100, 400)).toBe(0);
  });

  it('does not count time without a look, nor a clock that is set back', () => {
    const monitor = new HeartbeatMonitor();
    const seen = [0, 3_600_000, 1000, 1100].map((now) => monitor.note('p', look('a', 1), now, 400));
    expect(seen).toEqual([0, 400, 400, 500]);
  });

  it('is counted for each lock by itself', () => {
    const monitor = new HeartbeatMonitor();
    monitor.note('p', look('a', 1), 0, 400);
    expect(monitor.note('q', look('a', 1), 100, 400)).toBe(0);
  });
});

it('polls with growing delays that differ by chance, and have a bound', () => {
  const longest = [0, 1, 2, 5, 6, 99].map((attempt) => Math.round(pollDelay(attempt, 0.999_999)));
  expect(longest).toEqual([5, 10, 20, 160, 200, 200]);
  expect(pollDelay(0, 0)).toBe(2.5);
  expect(pollDelay(99, 0)).toBe(100);
});
