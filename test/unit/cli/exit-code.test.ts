import { describe, expect, it } from '@jest/globals';

import { exitCodeOf, exitCodes, exitCodesHelp } from '../../../lib/cli/exit-code.js';
import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from '../../../lib/entra/token-endpoint.error.js';
import {
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from '../../../lib/store/refresh-token-store.error.js';

describe('exitCodeOf', () => {
  it.each([
    [2, new EntraOptionsError('scope', 'missing', 'Give it.')],
    [3, new RefreshTokenExpiredError('It is over.', 'Sign in.')],
    [3, new ReauthenticationRequiredError('It was revoked.', 'Sign in.')],
    [4, new InvalidClientError('The secret is wrong.', 'Give another.')],
    [5, new TokenRequestFailedError('It is down.', 'Wait.', { retryable: true })],
    [2, new TokenRequestFailedError('There is no such tenant.', 'Check it.', { retryable: false })],
    [6, new RefreshTokenStoreError('The disk is full.', 'Make room.')],
    [6, new RefreshTokenConflictError('the file')],
    [6, new RefreshTokenUnreadableError('It is damaged.', 'Restore it.')],
    [1, new TypeError('a bug')],
    [1, 'thrown text'],
  ])('is %i for %s', (code, error) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it('explains each code in the help', () => {
    for (const code of Object.values(exitCodes)) expect(exitCodesHelp).toContain(`\n  ${code}  `);
  });
});
