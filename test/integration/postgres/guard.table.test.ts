import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { checkDocument } from './guard.document.js';
import { guardRows } from './guard.rows.js';
import { cellsOf, runRow, tlsInWords } from './guard.run.js';
import { serverNames, startGuardSetup, type GuardSetup } from './guard.setup.js';

let setup: GuardSetup;
const groups = new Map<string, string[][]>();

beforeAll(async () => {
  // The warnings of open guards, and there are many here, have a test of their own.
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  setup = await startGuardSetup();
});

afterAll(async () => {
  jest.restoreAllMocks();
  await setup.stop();
});

describe('the token of a data source', () => {
  it.each(guardRows.map((row, n) => ({ n, title: `${row.group}: ${row.given}, ${row.server}`, row })))(
    '$title ($n)',
    async ({ row }) => {
      const result = await runRow(row, setup);
      const { error, token, phase, ssl } = result;
      const { expected } = row;
      for (const name of serverNames) {
        if (name === row.server && 'sent' in expected) continue;
        expect({ name, ...setup.servers[name].saw(token) }).toEqual({
          name,
          onTheWire: false,
          readable: false,
        });
      }
      if ('sent' in expected) {
        // The server ends the login only after it has received the token.
        expect(error).toMatchObject({ code: '53300' });
        const clear = ssl === false;
        expect(setup.servers[row.server].saw(token)).toEqual({ onTheWire: clear, readable: true });
        expect(tlsInWords(ssl)).toBe(expected.sent);
      } else if ('refusedAtStart' in expected) {
        expect(error).toMatchObject({ code: 'ENTRA_OPTIONS_INVALID', option: expected.refusedAtStart });
        expect(error).toHaveProperty('fix', expect.stringMatching(/^[A-Z][^]+\.$/));
        expect(serverNames.map((name) => setup.servers[name].connections)).toEqual([0, 0, 0, 0, 0]);
        expect(phase).toBe('start-up');
      } else {
        expect(error).toMatchObject({ code: expected.refusedAtLogin, fix: expect.stringMatching(/\.$/) });
        expect(setup.servers[row.server].connections).toBeGreaterThan(0);
        expect(phase).toBe('login');
      }
      groups.set(row.group, [...(groups.get(row.group) ?? []), cellsOf(row, result, setup)]);
    },
  );

  it('goes where the document lists it', () => {
    checkDocument(groups);
  });
});
