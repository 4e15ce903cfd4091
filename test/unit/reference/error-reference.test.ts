import { describe, expect, it } from '@jest/globals';
import { EntraShutDownError } from 'nestjs-entra-auth';

import { errorCodes } from '../../../lib/common/error-codes.js';
import { aadstsMeaning, aadstsTable } from '../../../lib/entra/aadsts.js';
import { sqlStates } from '../../../lib/postgres/sqlstate-table.js';
import { errorReference, remedyOf } from '../../../lib/reference/error-reference.js';

const serverError = (code: string): Error => Object.assign(new Error('from the server'), { code });

describe('the reference', () => {
  it.each([
    ['package', /^ENTRA_[A-Z_]+$/, Object.keys(errorCodes).length],
    ['entra', /^AADSTS\d+$/, aadstsTable.size],
    ['postgres', /^[0-9A-Z]{5}$/, Object.keys(sqlStates).length],
  ])('has each code of the family %s once, with a cause and a remedy', (family, code, count) => {
    const rows = errorReference.filter((row) => row.family === family);
    expect(new Set(rows.map((row) => row.code)).size).toBe(count);
    expect(rows).toHaveLength(count);
    for (const row of rows) {
      expect(row.code).toMatch(code);
      expect([row.cause, row.remedy]).not.toContain('');
    }
  });
});

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
