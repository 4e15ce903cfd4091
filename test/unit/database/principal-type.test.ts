import { describe, expect, it } from '@jest/globals';

import { principalTypeOf } from '../../../lib/database/principal-type.js';

describe('principalTypeOf', () => {
  it.each([
    [{ idtyp: 'app' }, 'service'],
    [{ idtyp: 'app', upn: 'a' }, 'service'],
    [{ idtyp: 'user' }, 'user'],
    [{ scp: 'user_impersonation' }, 'user'],
    [{ upn: 'ada@example.com' }, 'user'],
    [{ appid: 'app' }, 'service'],
    [{}, 'service'],
  ])('%j', (claims, type) => {
    expect(principalTypeOf(claims)).toBe(type);
  });
});
