import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
  type StoredRefreshToken,
} from 'nestjs-entra-auth';

import { decodeRecord, encodeRecord } from '../../../lib/store/refresh-token-record.js';

const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const text = fc.string({ minLength: 1, unit: 'binary' });
const shared = fc.record(
  { token: text, acquiredOnTimestamp: time, expiresOnTimestamp: time, refreshAfterTimestamp: time },
  { requiredKeys: ['token', 'acquiredOnTimestamp', 'expiresOnTimestamp'] },
);
const stored = fc.record(
  { refreshToken: text, obtainedOnTimestamp: time, accessTokens: fc.dictionary(fc.string(), shared) },
  { requiredKeys: ['refreshToken', 'obtainedOnTimestamp'] },
);

// JSON knows no negative zero.
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a record', () => {
  it('gives back what went in', () => {
    fc.assert(
      fc.property(stored, (value) => {
        const { text: written, snapshot } = encodeRecord(value);
        expect(decodeRecord(written, 'the test')).toEqual(snapshot);
        expect(snapshot.value).toEqual(asJson(value));
      }),
    );
  });

  it('is never read when any part of it is missing or changed', () => {
    const value = { refreshToken: 'secret-token', obtainedOnTimestamp: 1, accessTokens: {} };
    const { text: written } = encodeRecord(value);
    fc.assert(
      fc.property(fc.nat(written.length - 2), fc.nat(written.length), fc.string(), (at, length, inserted) => {
        const changed = written.slice(0, at) + inserted + written.slice(at + length);
        fc.pre(normal(changed) !== normal(written));
        expect(() => decodeRecord(changed, 'the test')).toThrow(RefreshTokenUnreadableError);
      }),
      { numRuns: 300 },
    );
  });

  it('has another version each time', () => {
    const value = { refreshToken: 'x', obtainedOnTimestamp: 1 };
    expect(encodeRecord(value).snapshot.version).not.toBe(encodeRecord(value).snapshot.version);
  });

  it('keeps what a later version of the package may add', () => {
    const value = { refreshToken: 'x', obtainedOnTimestamp: 1, added: [1] };
    expect(decodeRecord(encodeRecord(value).text, 'the test').value).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a string', 'token'],
    ['no token', { obtainedOnTimestamp: 1 }],
    ['a date', { refreshToken: 'x', obtainedOnTimestamp: new Date() }],
    ['no end of time', { refreshToken: 'x', obtainedOnTimestamp: Infinity }],
    ['a list of access tokens', { refreshToken: 'x', obtainedOnTimestamp: 1, accessTokens: [] }],
    ['an access token of nothing', { refreshToken: 'x', obtainedOnTimestamp: 1, accessTokens: { a: null } }],
  ])('is not made of %s', (_, value) => {
    expect(() => encodeRecord(value as StoredRefreshToken)).toThrow(RefreshTokenStoreError);
  });
});

/** The same record with other white space between its parts. */
function normal(written: string): string {
  try {
    return JSON.stringify(JSON.parse(written));
  } catch {
    return written;
  }
}
