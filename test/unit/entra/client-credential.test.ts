import { describe, expect, it } from '@jest/globals';

import { certificateExpiryOf, clientCredentialState } from '../../../lib/entra/client-credential.js';

const day = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const at = (days: number): Date => new Date(now + days * day);

describe("the application's own certificate", () => {
  it.each([
    [400, undefined, false],
    [30.1, undefined, false],
    [29.9, 'The client certificate expires at 2026-01-30T21:36:00.000Z, in 29 days.', false],
    [0.5, 'The client certificate expires at 2026-01-01T12:00:00.000Z, in 0 days.', false],
    [0, 'The client certificate expired at 2026-01-01T00:00:00.000Z.', true],
    [-3, 'The client certificate expired at 2025-12-29T00:00:00.000Z.', true],
  ])('%d days before its end', (days, problem, isExpired) => {
    const state = clientCredentialState(at(days), undefined, now);
    expect(state).toMatchObject({ kind: 'certificate', expiresAt: at(days), isExpired });
    expect(state?.problem).toBe(problem);
    expect(state?.fix === undefined).toBe(problem === undefined);
  });
});

describe("the application's own secret", () => {
  it('is known to have expired by AADSTS7000222 alone', () => {
    expect(clientCredentialState(undefined, undefined, now)).toBeUndefined();
    expect(clientCredentialState(undefined, 7000215, now)).toBeUndefined();
    expect(clientCredentialState(undefined, 7000222, now)).toEqual({
      kind: 'secret',
      isExpired: true,
      problem: 'Entra refuses the client secret of the application as expired (AADSTS7000222).',
      fix: 'The client secret has expired; create a new one.',
    });
  });
});

describe('the end of a certificate that a credential tells', () => {
  it.each([
    ['nothing', undefined],
    ['a credential without certificates', { getToken: () => null }],
    ['something else by that name', { certificateExpiresAt: 7 }],
    ['a text', { certificateExpiresAt: () => '2026-01-01' }],
    ['no time', { certificateExpiresAt: () => new Date(NaN) }],
    [
      'an error',
      {
        certificateExpiresAt: () => {
          throw new Error('no');
        },
      },
    ],
  ])('is not known of %s', (_, credential) => {
    expect(certificateExpiryOf(credential)).toBeUndefined();
  });

  it('is known of one that has it', () => {
    expect(certificateExpiryOf({ certificateExpiresAt: () => at(1) })).toEqual(at(1));
  });
});
