import { expect, it, jest } from '@jest/globals';

import {
  credentialStateOf,
  isReportingCredential,
  warnOfLosses,
} from '../../../lib/entra/credential-state.js';

const ready = { name: 'ready', obtainedOn: null, expiresBy: null };

it('reads the state of a credential that reports one', () => {
  expect(credentialStateOf({ state: () => ready })).toBe(ready);
});

it.each([
  [undefined],
  [null],
  ['x'],
  [{}],
  [{ state: 'ready' }],
  [{ state: () => undefined }],
  [{ state: () => 'ready' }],
  [{ state: () => ({ name: 'connected' }) }],
])('takes %p for a credential that means something else by it, or nothing', (credential) => {
  expect(credentialStateOf(credential)).toBeUndefined();
});

it.each(['ready', 'degraded', 'reauthentication-required'])('knows the state %s', (name) => {
  expect(isReportingCredential({ state: () => ({ ...ready, name }) })).toBe(true);
});

it('takes a state that throws for none', () => {
  const state = (): never => {
    throw new Error('no');
  };
  expect(credentialStateOf({ state })).toBeUndefined();
  expect(isReportingCredential({ state })).toBe(false);
});

it('a loss is a warning of the process where no application logs it', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  warnOfLosses([
    { problem: 'It is lost.', fix: 'Sign in.' },
    { problem: 'It too.', fix: 'Again.' },
  ]);
  expect(warn.mock.calls).toEqual([
    ['It is lost. Sign in.', 'EntraAuthWarning'],
    ['It too. Again.', 'EntraAuthWarning'],
  ]);
  warn.mockRestore();
});
