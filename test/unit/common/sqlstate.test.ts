import { describe, expect, it } from '@jest/globals';

import {
  isClass28,
  isConnectionOutdated,
  isHostRuleRefusal,
  isLoginRefusal,
  sqlStateOf,
} from '../../../lib/common/sqlstate.js';

const errorOf = (code: unknown, message = 'no'): Error => Object.assign(new Error(message), { code });

describe('a SQLSTATE', () => {
  it.each<[unknown, string | undefined]>([
    ['28P01', '28P01'],
    ['57014', '57014'],
    ['28p01', undefined],
    ['28P0', undefined],
    ['28P012', undefined],
    [28_000, undefined],
    [undefined, undefined],
  ])('is read of the code %s as %s', (code, expected) => {
    expect(sqlStateOf(errorOf(code))).toBe(expected);
  });

  it('is not that of a value that is not an error, or of the operating system', () => {
    expect(sqlStateOf({ code: '28P01' })).toBeUndefined();
    expect(sqlStateOf(Object.assign(errorOf('EPIPE'), { syscall: 'write' }))).toBeUndefined();
  });

  it('of a refused login begins with 28', () => {
    expect(['28000', '28P01'].every(isClass28)).toBe(true);
    expect(['08P01', '42804', undefined].some(isClass28)).toBe(false);
  });
});

it('only a rule of pg_hba.conf refuses a host', () => {
  const refusal = 'no pg_hba.conf entry for host "10.0.0.1"';
  expect(isHostRuleRefusal(errorOf('28000', refusal))).toBe(true);
  expect(isHostRuleRefusal(errorOf('28000', 'token expired'))).toBe(false);
  expect(isHostRuleRefusal(errorOf('57P03', refusal))).toBe(false);
});

it.each(['25006', '57P01', '57P02', '57P03'])('%s outdates the connection, and refuses no login', (code) => {
  expect(isConnectionOutdated(errorOf(code))).toBe(true);
  expect(isLoginRefusal(errorOf(code), true)).toBe(false);
});

it('other states, and errors without one, outdate no connection', () => {
  expect(['57014', '28P01', '', undefined].some((code) => isConnectionOutdated(errorOf(code)))).toBe(false);
});

it.each(['0A000', '22023', '25P02', '3D000', '3F000', '42501', '53300', '54000', '55006', '58000', 'F0001'])(
  '%s is about something else than the login',
  (code) => {
    expect(isLoginRefusal(errorOf(code), true)).toBe(false);
  },
);

it('before a token was presented only class 28 refuses a login', () => {
  expect(isLoginRefusal(errorOf('28000'), false)).toBe(true);
  expect(isLoginRefusal(errorOf('08P01'), false)).toBe(false);
  expect(isLoginRefusal(errorOf(undefined), true)).toBe(false);
});

it.each(['08001', '08003', '08006', '08007'])('%s is a lost connection, and 08004 a refusal', (code) => {
  expect(isLoginRefusal(errorOf(code), true)).toBe(false);
  expect(isLoginRefusal(errorOf('08004'), true)).toBe(true);
});
