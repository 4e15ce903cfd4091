import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseClaimsChallenge } from '../../../lib/graph/claims-challenge.js';
import { startLocalEntra, type HandMadeToken, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, postgres, send } from './local-entra.fixture.js';

describe('Microsoft Graph', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      client: { graphPermissions: ['Organization.Read.All'] },
      additionalClients: [
        { name: 'reader', graphPermissions: ['User.Read.All', 'Application.ReadWrite.All'] },
        { name: 'nothing' },
      ],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const get = (path: string, token?: string) =>
    send(
      entra,
      `${entra.graphUrl}/v1.0${path}`,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );
  const organization = (token?: string) => get('/organization', token);
  const tokenOf = (name: string): Promise<string> => {
    const client = [entra.client, ...entra.additionalClients].find((one) => one.name === name);
    return accessToken(
      askForToken(entra, { client_id: client?.clientId, client_secret: client?.clientSecret }),
    );
  };
  const tokenOfNora = (scope: string): Promise<string> =>
    accessToken(
      askForToken(entra, {
        grant_type: 'refresh_token',
        refresh_token: entra.refreshTokens.issue({ scopes: [scope] }),
        scope,
      }),
    );
  const nora = 'bbbbbbbb-1111-2222-3333-cccccccccccc';

  it('answers an application what it may ask', async () => {
    const response = await organization(await accessToken(askForToken(entra)));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject({ value: [{ id: entra.tenantId, displayName: 'Contoso' }] });
    expect(entra.requests).toMatchObject({ graph: 1, token: 1 });

    const reader = await tokenOf('reader');
    for (const [path, found] of [
      ['/users', { value: [{ id: nora }] }],
      [`/users/${nora}`, { displayName: 'Nora Notes' }],
      ['/users/nora@contoso.example', { id: nora }],
      [`/servicePrincipals/${entra.client.objectId}`, { displayName: 'notes-app' }],
    ] as const) {
      expect((await get(path, reader)).json()).toMatchObject(found);
    }
  });

  it('refuses /me to an application, whatever its permissions', async () => {
    for (const path of ['/me', '/me/messages']) {
      const response = await get(path, await tokenOf('reader'));
      expect(response.status).toBe(400);
      expect(response.json()).toMatchObject({
        error: {
          code: 'BadRequest',
          message: '/me request is only valid with delegated authentication flow.',
        },
      });
    }
  });

  it.each(['/organization', '/users', `/users/${nora}`, '/servicePrincipals'])(
    'refuses %s to an application without the permission',
    async (path) => {
      const response = await get(path, await tokenOf('nothing'));
      expect(response.status).toBe(403);
      expect(response.json()).toMatchObject({ error: { code: 'Authorization_RequestDenied' } });
    },
  );

  it('answers a person what the scope permits', async () => {
    const reading = await tokenOfNora('User.Read');
    expect((await get('/me', reading)).json()).toMatchObject({ id: nora, displayName: 'Nora Notes' });
    expect((await get(`/users/${nora}`, reading)).status).toBe(200);
    expect((await get('/users', reading)).status).toBe(403);
    expect((await get('/me/messages', reading)).json()).toMatchObject({
      error: { code: 'ErrorAccessDenied' },
    });
    expect((await get('/me/messages', await tokenOfNora('Mail.Read'))).json()).toMatchObject({ value: [] });
  });

  it('refuses what it does not have', async () => {
    const reader = await tokenOf('reader');
    expect((await get('/users/other@contoso.example', reader)).json()).toMatchObject({
      error: { code: 'Request_ResourceNotFound' },
    });
    expect((await get('/nothing', reader)).json()).toMatchObject({
      error: { code: 'BadRequest', message: "Resource not found for the segment 'nothing'." },
    });
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
    const response = await organization(entra.issueToken({ audience: graph, ...wanted }));
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
      const capable = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
      const refusal = await organization(await accessToken(askForToken(entra, { claims: capable })));
      expect(refusal.status).toBe(401);
      const claims = parseClaimsChallenge(refusal.headers['www-authenticate']) ?? '';
      expect(JSON.parse(claims)).toEqual({ access_token: { acrs: { essential: true, value: 'c1' } } });

      const response = await organization(await accessToken(askForToken(entra, { claims })));

      expect(response.status).toBe(200);
    });

    it.each([
      ['another one', ['c2']],
      ['none', undefined],
      ['text instead of a list', 'c1'],
    ])('refuses a token with %s', async (_what, acrs) => {
      const claims = { acrs, xms_cc: ['cp1'] };
      const response = await organization(entra.issueToken({ audience: graph, claims }));
      expect(response.headers['www-authenticate']).toMatch(/error="insufficient_claims", claims="/);
    });

    it('challenges in the 403 form when it is told to', async () => {
      entra.graphChallengeStatus = 403;
      const response = await organization(entra.issueToken({ audience: graph, claims: { xms_cc: ['cp1'] } }));
      entra.graphChallengeStatus = 401;
      expect(response.status).toBe(403);
      expect(response.headers['www-authenticate']).toMatch(/error="insufficient_claims", claims="/);
    });

    it('challenges no client that has not declared to understand it', async () => {
      const response = await organization(entra.issueToken({ audience: graph }));
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).not.toMatch(/claims/);
    });

    it('refuses a bad token without a challenge: claims would not help', async () => {
      const claims = { acrs: ['c1'] };
      const response = await organization(
        entra.issueToken({ audience: graph, claims, lifetimeInSeconds: -1 }),
      );
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).not.toMatch(/claims/);
    });
  });

  describe('in a tenant of its own', () => {
    const startedAt = Date.now();
    let elapsed = 0;
    let tenant: LocalEntra;
    beforeAll(async () => {
      tenant = await startLocalEntra({
        clock: { now: () => startedAt + elapsed },
        client: { graphPermissions: ['Organization.Read.All'] },
        additionalClients: [{ name: 'other', graphPermissions: ['Organization.Read.All'] }],
      });
    });
    afterAll(() => tenant.stop());
    const ask = (token: string) =>
      send(tenant, `${tenant.graphUrl}/v1.0/organization`, { headers: { authorization: `Bearer ${token}` } });
    const tokenFor = (changes: Record<string, string | undefined> = {}) =>
      accessToken(askForToken(tenant, changes));

    it('throttles one client for as long as it is told to, and serves the others', async () => {
      const [other] = tenant.additionalClients;
      const ofOther = { client_id: other?.clientId, client_secret: other?.clientSecret };
      const [throttled, served] = [await tokenFor(), await tokenFor(ofOther)];
      tenant.throttleGraph(30);
      elapsed += 10_500;
      const refusal = await ask(throttled);
      expect(refusal.status).toBe(429);
      expect(refusal.headers['retry-after']).toBe('20');
      expect(refusal.json()).toMatchObject({ error: { code: 'TooManyRequests' } });
      expect((await ask(served)).status).toBe(200);
      elapsed += 19_500;
      expect((await ask(throttled)).status).toBe(200);
      expect(() => tenant.throttleGraph(-1)).toThrow('"retryAfterInSeconds"');
    });

    it('challenges tokens that are older than the revocation of their sessions, and takes the next one', async () => {
      const capable = '{"access_token":{"xms_cc":{"values":["cp1"]}}}';
      const [evaluated, plain] = [await tokenFor({ claims: capable }), await tokenFor()];
      elapsed += 1_000;
      tenant.revokeSessions(tenant.client);
      const refusal = await ask(evaluated);
      expect(refusal.status).toBe(401);
      const claims = parseClaimsChallenge(refusal.headers['www-authenticate']) ?? '';
      const since = String(Math.floor((startedAt + elapsed) / 1000));
      expect(JSON.parse(claims)).toEqual({ access_token: { nbf: { essential: true, value: since } } });
      expect(refusal.json()).toMatchObject({
        error: { message: expect.stringContaining('TokenIssuedBeforeRevocationTimestamp') },
      });
      // Clients that understand no challenge have tokens of an hour, which Graph does not evaluate.
      expect((await ask(plain)).status).toBe(200);
      expect((await ask(await tokenFor({ claims: capable }))).status).toBe(200);
    });

    it('ends the refresh tokens of a person whose sessions are revoked, and no others', async () => {
      const other = 'bbbbbbbb-1111-2222-3333-dddddddddddd';
      const nora = tenant.refreshTokens.issue();
      const user = tenant.users.find(({ userPrincipalName }) => userPrincipalName === 'nora@contoso.example');
      const omar = tenant.refreshTokens.issue({
        user: { userPrincipalName: 'omar@contoso.example', objectId: other },
      });
      if (user !== undefined) tenant.revokeSessions(user);
      const statusOf = async (refreshToken: string) => {
        const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
        const { status, body } = await askForToken(tenant, grant);
        return status === 200 ? status : /AADSTS\d+/.exec(body)?.[0];
      };
      expect([await statusOf(nora), await statusOf(omar)]).toEqual(['AADSTS50173', 200]);
      expect(await statusOf(tenant.refreshTokens.issue())).toBe(200);
    });
  });

  it('refuses a request without a token', async () => {
    const response = await organization();
    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ error: { message: 'Access token is empty.' } });
  });
});
