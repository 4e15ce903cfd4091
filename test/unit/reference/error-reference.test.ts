import { describe, expect, it } from '@jest/globals';
import { EntraShutDownError } from 'nestjs-entra-auth';

import { errorCodes } from '../../../lib/common/error-codes.js';
import { aadstsMeaning } from '../../../lib/entra/aadsts.js';
import { sqlStates } from '../../../lib/postgres/sqlstate-table.js';
import { remedyOf } from '../../../lib/reference/error-reference.js';

const serverError = (code: string): Error => Object.assign(new Error('from the server'), { code });

describe('the remedy of an error', () => {
  it('is its own for an error of this package, which takes it from the table', () => {
    const error = new EntraShutDownError();
    expect(remedyOf(error)).toBe(error.fix);
    expect(error.fix).toBe(errorCodes.ENTRA_SHUT_DOWN.remedy);
  });

  it.each(Object.keys(sqlStates) as (keyof typeof sqlStates)[])(
    'is that of the SQLSTATE %s for an error of the server',
    (code) => {
      expect(remedyOf(serverError(code))).toBe(sqlStates[code].remedy);
    },
  );

  it('is that of the code of Entra in a text', () => {
    expect(remedyOf(new Error('AADSTS7000222: expired keys'))).toBe(aadstsMeaning(7000222)?.remedy);
  });

  it('is unknown for anything else', () => {
    for (const error of [new Error('no idea'), serverError('XX000'), undefined, 'AADSTS1'])
      expect(remedyOf(error)).toBeUndefined();
  });

  it('is not looked up by a name that every object has', () => {
    expect(remedyOf(serverError('CONST'))).toBeUndefined();
  });
});
