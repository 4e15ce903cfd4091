import { expect, it } from '@jest/globals';

import { credentialStateOf } from '../../../lib/entra/credential-state.js';

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
