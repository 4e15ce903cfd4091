import { expect, it } from '@jest/globals';
import { InvalidClientError, ReauthenticationRequiredError, RefreshTokenStoreError } from 'nestjs-entra-auth';

import { refreshTokenState, type RefreshTokenFacts } from '../../../lib/refresh-token/refresh-token-state.js';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 5, 1);
const well: RefreshTokenFacts = {
  obtainedOn: now,
  spa: false,
  error: undefined,
  signIn: false,
  unsaved: false,
  storeProblem: undefined,
};
const storeProblem = new RefreshTokenStoreError('The disk is full.', 'Free some of it.');
const revoked = new ReauthenticationRequiredError('It was revoked.', 'Sign in.');
const wrongSecret = new InvalidClientError('The secret is wrong.', 'Correct it.');

it.each<[string, Partial<RefreshTokenFacts>, object]>([
  ['nothing is wrong', {}, { name: 'ready' }],
  [
    'the store fails',
    { storeProblem },
    { name: 'degraded', problem: 'The disk is full.', fix: 'Free some of it.' },
  ],
  ['a token is not stored yet', { unsaved: true }, { name: 'degraded' }],
  [
    'the user must sign in',
    { error: revoked, signIn: true, unsaved: true, storeProblem },
    { name: 'reauthentication-required', problem: 'It was revoked.', fix: 'Sign in.' },
  ],
  ['the client is refused', { error: wrongSecret }, { name: 'degraded', problem: 'The secret is wrong.' }],
])('when %s', (_, facts, expected) => {
  expect(refreshTokenState({ ...well, ...facts }, now)).toMatchObject(expected);
});

it('has no problem and no fix when nothing is wrong', () => {
  expect(refreshTokenState(well, now)).toEqual({
    name: 'ready',
    obtainedOn: new Date(now),
    expiresBy: new Date(now + 90 * day),
  });
  expect(refreshTokenState({ ...well, obtainedOn: undefined }, now)).toEqual({
    name: 'ready',
    obtainedOn: null,
    expiresBy: null,
  });
});

it.each([
  [false, 75 * day, undefined],
  [false, 76 * day, /not been replaced for long and expires at/],
  [false, 91 * day, /should have expired/],
  [true, 17 * hour, undefined],
  [true, 18 * hour, /sign in again before/],
  [true, 25 * hour, /should have expired/],
])('warns (single-page application: %s) at an age of %d ms: %s', (spa, age, warning) => {
  const state = refreshTokenState({ ...well, spa, obtainedOn: now - age }, now);
  if (warning === undefined) expect(state).not.toHaveProperty('warning');
  else expect(state.warning).toMatch(warning);
});
