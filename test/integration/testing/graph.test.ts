import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseClaimsChallenge } from '../../../lib/graph/claims-challenge.js';
import { startLocalEntra, type HandMadeToken, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, postgres, send } from './local-entra.fixture.js';

describe('Microsoft Graph', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra();
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const me = (token?: string) =>
    send(
      entra,
      `${entra.graphUrl}/v1.0/me`,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );

  it('answers to a token of the local Entra', async () => {
    const response = await me(await accessToken(askForToken(entra)));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject({ id: entra.client.objectId, displayName: 'notes-app' });
    expect(entra.requests).toMatchObject({ graph: 1, token: 1 });
  });

  const refused: [string, string, Partial<HandMadeToken>][] = [
    ['expired', 'Lifetime validation failed, the token is expired.', { lifetimeInSeconds: -1 }],
    ['not yet valid', 'Lifetime validation failed, the token is not yet valid.', { notBeforeInSeconds: 60 }],
    ['meant for the database', 'Access token validation failure. Invalid audience.', { audience: postgres }],
    [
      'signed by another key',
      'Access token validation failure. Invalid signature.',
      { signedBy: 'foreign-key' },
    ],
    ['from another tenant', 'Access token validation failure. Invalid issuer.', { tenantId: 'other' }],
    ['without an oid', 'IDX14100: JWT is not well formed.', { claims: { oid: undefined } }],
  ];

  it.each(refused)('refuses a token that is %s', async (_what, message, wanted) => {
    const response = await me(entra.issueToken({ audience: graph, ...wanted }));
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="", authorization_uri="https:/);
    expect(response.json()).toEqual({
      error: {
        code: 'InvalidAuthenticationToken',
        message,
        innerError: {
          date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
          'request-id': expect.any(String),
          'client-request-id': response.headers['client-request-id'],
        },
      },
    });
  });

  describe('with a policy that requires an authentication context', () => {
    beforeEach(() => {
      entra.graphAuthenticationContext = 'c1';
    });
    afterEach(() => {
      entra.graphAuthenticationContext = undefined;
    });

    it('refuses other tokens with a claims challenge, and takes the token that answers it', async () => {
      const refusal = await me(await accessToken(askForToken(entra)));
      expect(refusal.status).toBe(401);
      const claims = parseClaimsChallenge(refusal.headers['www-authenticate']) ?? '';
      expect(JSON.parse(claims)).toEqual({ access_token: { acrs: { essential: true, value: 'c1' } } });

      const response = await me(await accessToken(askForToken(entra, { claims })));

      expect(response.status).toBe(200);
    });

    it.each([
      ['another one', ['c2']],
      ['none', undefined],
      ['text instead of a list', 'c1'],
    ])('refuses a token with %s', async (_what, acrs) => {
      const response = await me(entra.issueToken({ audience: graph, claims: { acrs } }));
      expect(response.headers['www-authenticate']).toMatch(/error="insufficient_claims", claims="/);
    });

    it('refuses a token that is no good without a challenge: claims would not help', async () => {
      const claims = { acrs: ['c1'] };
      const response = await me(entra.issueToken({ audience: graph, claims, lifetimeInSeconds: -1 }));
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).not.toMatch(/claims/);
    });
  });

  it('refuses a request without a token', async () => {
    const response = await me();
    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ error: { message: 'Access token is empty.' } });
  });
});
