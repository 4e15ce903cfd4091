import { expect, it } from '@jest/globals';

import {
  checkTokenLength,
  InvalidTokenError,
  type InvalidTokenReason,
} from '../../../lib/entra/invalid-token.error.js';

it('takes a token of 65,536 characters, and refuses a longer one as malformed', () => {
  expect(() => checkTokenLength('a'.repeat(65_536))).not.toThrow();
  let thrown: unknown;
  try {
    checkTokenLength('a'.repeat(65_537));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidTokenError);
  expect(thrown).toMatchObject({ code: 'ENTRA_TOKEN_INVALID', reason: 'malformed', retryable: true });
  expect(String(thrown)).toContain('a token of 65537 characters; the limit is 65536.');
});

it.each<[InvalidTokenReason, boolean]>([
  ['wrong-audience', false],
  ['wrong-tenant', false],
  ['missing', true],
  ['malformed', true],
  ['expired', true],
  ['not-yet-valid', true],
  ['unchanged', true],
])('a token that is %s is worth another try: %s', (reason, retryable) => {
  expect(new InvalidTokenError(reason, 'a', 'b')).toMatchObject({ reason, retryable });
});
