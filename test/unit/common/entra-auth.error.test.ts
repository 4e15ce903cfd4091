import { expect, it } from '@jest/globals';

import {
  EntraAuthError,
  EntraOptionsError,
  EntraShutDownError,
  EntraTimeoutError,
  InsecureConnectionError,
  isEntraAuthError,
  problemOf,
} from '../../../lib/common/entra-auth.error.js';

const cause = new Error('underneath');

it.each<[EntraAuthError, string, string, boolean, string, unknown]>([
  [
    new EntraOptionsError('resources.graph', 'missing', 'Give it.'),
    'EntraOptionsError',
    'ENTRA_OPTIONS_INVALID',
    false,
    'Invalid option "resources.graph": missing. Give it.',
    undefined,
  ],
  [
    new EntraTimeoutError('The login', 5, 'Wait.', cause),
    'EntraTimeoutError',
    'ENTRA_TIMEOUT',
    true,
    'The login took longer than 5 ms. Wait.',
    cause,
  ],
  [
    new EntraShutDownError(),
    'EntraShutDownError',
    'ENTRA_SHUT_DOWN',
    false,
    'The token service shut down with its application. Finish work that needs tokens before the application closes.',
    undefined,
  ],
  [
    new InsecureConnectionError('Not verified.', 'Verify.', cause),
    'InsecureConnectionError',
    'ENTRA_INSECURE_CONNECTION',
    false,
    'Not verified. Verify.',
    cause,
  ],
  [
    new EntraAuthError('ENTRA_TOKEN_INVALID', { problem: 'Bad.', fix: 'Mend.' }),
    'EntraAuthError',
    'ENTRA_TOKEN_INVALID',
    false,
    'Bad. Mend.',
    undefined,
  ],
])('%s has its name, code, and what to do', (error, name, code, retryable, message, reason) => {
  expect(error).toMatchObject({ name, code, retryable, message });
  expect(error.cause).toBe(reason);
  expect('cause' in error).toBe(reason !== undefined);
  expect(`${problemOf(error)} ${error.fix}`).toBe(message);
  expect(Object.keys(error)).not.toContain('cause');
});

it('an error of a second copy of the package is recognised, and nothing else is', () => {
  const ofAnotherCopy = Object.assign(new Error('x'), { [Symbol.for('nestjs-entra-auth.error')]: true });
  expect(isEntraAuthError(ofAnotherCopy)).toBe(true);
  expect(isEntraAuthError(new EntraShutDownError())).toBe(true);
  expect([new Error('x'), null, undefined, 'text', {}].map(isEntraAuthError)).not.toContain(true);
});
