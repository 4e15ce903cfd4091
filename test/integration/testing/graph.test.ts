import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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

  it('refuses a request without a token', async () => {
    const response = await me();
    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ error: { message: 'Access token is empty.' } });
  });
});
