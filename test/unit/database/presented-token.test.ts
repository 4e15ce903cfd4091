import { expect, it } from '@jest/globals';

import { withoutToken } from '../../../lib/database/presented-token.js';

it('takes out of an error the token that was presented, and those of earlier logins', () => {
  const earlier = 'eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJvIn0.c2lnbmF0dXJl';
  const error = Object.assign(new Error(`Refused "opaque", after "${earlier}".`), {
    detail: `of ${earlier}`,
  });

  const { message, stack = '', detail } = withoutToken(error, 'opaque', ['detail']) as typeof error;

  expect(message).toBe('Refused "[redacted token]", after "[redacted token]".');
  expect(detail).toBe('of [redacted token]');
  expect(stack).not.toMatch(/opaque|eyJ/);
});
