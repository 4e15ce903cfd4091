import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManagedIdentityCredential } from '@azure/identity';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, graph, postgres, send } from './local-entra.fixture.js';

const retryOptions = { maxRetries: 0 };

describe('Managed identities', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ additionalClients: [{ name: 'reporter' }] });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const imds = (query: Record<string, string>, headers: Record<string, string> = { metadata: 'true' }) => {
    const parameters = new URLSearchParams({ 'api-version': '2018-02-01', ...query });
    return send(entra, `${entra.imdsUrl}/metadata/identity/oauth2/token?${parameters.toString()}`, {
      headers,
    });
  };
  const appService = (query: Record<string, string>, header?: string) => {
    const parameters = new URLSearchParams({ 'api-version': '2019-08-01', ...query });
    const headers = { 'x-identity-header': header ?? entra.appService.header };
    return send(entra, `${entra.appService.endpoint}?${parameters.toString()}`, { headers });
  };

  it('IMDS answers with strings', async () => {
    const response = await imds({ resource: postgres });
    const seconds = expect.stringMatching(/^\d+$/);
    expect(response.status).toBe(200);
    expect(response.json()).toEqual({
      access_token: expect.any(String),
      client_id: entra.client.clientId,
      expires_in: '86400',
      expires_on: seconds,
      ext_expires_in: '86400',
      not_before: seconds,
      resource: postgres,
      token_type: 'Bearer',
    });
  });

  it('App Service answers with strings', async () => {
    expect((await appService({ resource: postgres })).json()).toEqual({
      access_token: expect.any(String),
      client_id: entra.client.clientId,
      expires_on: expect.stringMatching(/^\d+$/),
      resource: postgres,
      token_type: 'Bearer',
    });
  });

  it('the token names the identity by its Azure resource, and by no display name', async () => {
    const claims = entra.verifyToken(await accessToken(imds({ resource: postgres })), { audience: postgres });
    expect(claims).toMatchObject({
      oid: entra.client.objectId,
      idtyp: 'app',
      xms_mirid: entra.client.resourceId,
    });
    expect(claims.xms_mirid).toMatch(
      /providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/notes-app$/,
    );
    expect(claims).not.toHaveProperty('upn');
  });

  const selections: [
    string,
    (client: { clientId: string; objectId: string; resourceId: string }) => object,
  ][] = [
    ['client_id', ({ clientId }) => ({ client_id: clientId })],
    ['object_id', ({ objectId }) => ({ object_id: objectId })],
    ['mi_res_id', ({ resourceId }) => ({ mi_res_id: resourceId.toUpperCase() })],
    ['msi_res_id', ({ resourceId }) => ({ msi_res_id: resourceId })],
  ];

  it.each(selections)('a user-assigned identity is selected by %s', async (_name, select) => {
    const [reporter] = entra.additionalClients;
    if (reporter === undefined) throw new Error('There is no other client.');
    for (const ask of [imds, appService]) {
      const token = await accessToken(ask({ resource: graph, ...select(reporter) }));
      expect(entra.verifyToken(token, { audience: graph }).oid).toBe(reporter.objectId);
    }
  });

  it('IMDS refuses what the real one refuses', async () => {
    const refusals = [
      await imds({ resource: graph }, {}),
      await imds({}),
      await imds({ resource: graph, client_id: 'unknown' }),
      await imds({ resource: 'nonsense' }),
      await imds({ resource: graph }, { metadata: 'True' }),
      await imds({ resource: graph }, { metadata: 'true', 'x-forwarded-for': '10.0.0.1' }),
      await imds({ resource: `${graph}/.default` }),
      await imds({ resource: `${graph} ${postgres}` }),
      await imds({ resource: graph, 'api-version': '2017-01-01' }),
      await send(
        entra,
        `${entra.imdsUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${graph}&resource=${postgres}`,
        { headers: { metadata: 'true' } },
      ),
    ];
    expect(refusals.map(({ status }) => status)).toEqual(Array(10).fill(400));
    expect(refusals.map((response) => response.json())).toEqual([
      { error: 'invalid_request', error_description: 'Required metadata header not specified' },
      { error: 'invalid_request', error_description: 'Required query variable "resource" is missing' },
      { error: 'invalid_request', error_description: 'Identity not found' },
      { error: 'invalid_resource', error_description: expect.stringContaining('AADSTS500011') },
      { error: 'invalid_request', error_description: 'Required metadata header not specified' },
      { error: 'invalid_request', error_description: expect.stringContaining('X-Forwarded-For') },
      { error: 'invalid_resource', error_description: expect.stringContaining('AADSTS500011') },
      { error: 'invalid_resource', error_description: expect.stringContaining('AADSTS500011') },
      { error: 'invalid_request', error_description: expect.stringContaining('api-version') },
      { error: 'invalid_request', error_description: expect.stringContaining('"resource"') },
    ]);
    expect(entra.requests.imds).toBe(10);
  });

  it('App Service refuses what the real one refuses', async () => {
    expect((await appService({ resource: graph }, 'wrong')).status).toBe(401);
    expect((await appService({})).status).toBe(400);
    expect((await appService({ resource: `${graph}/.default` })).status).toBe(400);
    expect((await appService({ resource: `${graph} ${postgres}` })).status).toBe(400);
    expect((await appService({ resource: graph, 'api-version': '2018-02-01' })).status).toBe(400);
    expect((await appService({ resource: graph, client_id: 'unknown' })).json()).toEqual({
      statusCode: 400,
      message:
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      correlationId: expect.any(String),
    });
    expect(entra.requests.appService).toBe(6);
  });

  it('IMDS refuses a scope for a resource', async () => {
    const { error_description: text } = (await imds({ resource: `${graph}/User.Read` })).json<{
      error_description: string;
    }>();
    expect(text).toContain(`AADSTS500011: The resource principal named ${graph}/User.Read was not found`);
  });

  describe('are cached by the platform', () => {
    const startedAt = Date.now();
    const hour = 3_600_000;
    let elapsed = 0;
    let platform: LocalEntra;

    beforeAll(async () => {
      platform = await startLocalEntra({ clock: { now: () => startedAt + elapsed } });
    });
    afterAll(() => platform.stop());

    const ofMachine = (from = platform, resource = postgres) => {
      const query = new URLSearchParams({ 'api-version': '2018-02-01', resource });
      const url = `${from.imdsUrl}/metadata/identity/oauth2/token?${query.toString()}`;
      return send(from, url, { headers: { metadata: 'true' } });
    };
    const tokenOf = async (response: ReturnType<typeof ofMachine>) => {
      const { access_token: token = '', expires_in: left } = (await response).json<Record<string, string>>();
      return { token, left };
    };

    it('which gives the same token for half of its life, a day', async () => {
      const first = await tokenOf(ofMachine());
      expect(first.left).toBe('86400');
      elapsed = 12 * hour - 1000;
      expect(await tokenOf(ofMachine())).toEqual({ token: first.token, left: '43201' });
      expect((await tokenOf(ofMachine(platform, graph))).token).not.toBe(first.token);
      elapsed = 12 * hour;
      const second = await tokenOf(ofMachine());
      expect(second.token).not.toBe(first.token);
      expect(second.left).toBe('86400');
    });

    it('at a share of the life that can be set, or not at all', async () => {
      elapsed = 0;
      const clock = { now: () => startedAt + elapsed };
      await using late = await startLocalEntra({
        clock,
        managedIdentity: { renewsAtShareOfLife: 0.9, tokenLifetimeInSeconds: 100 },
      });
      await using never = await startLocalEntra({
        clock,
        tokenLifetimeInSeconds: 3600,
        managedIdentity: { cachesTokens: false },
      });
      const [first, other] = [await tokenOf(ofMachine(late)), await tokenOf(ofMachine(never))];
      expect([first.left, other.left]).toEqual(['100', '3600']);
      elapsed = 89_000;
      expect((await tokenOf(ofMachine(late))).token).toBe(first.token);
      expect((await tokenOf(ofMachine(never))).token).not.toBe(other.token);
      elapsed = 90_000;
      expect((await tokenOf(ofMachine(late))).token).not.toBe(first.token);
      await expect(startLocalEntra({ managedIdentity: { tokenLifetimeInSeconds: 0 } })).rejects.toThrow(
        '"managedIdentity.tokenLifetimeInSeconds"',
      );
    });

    it('IMDS answers 20 requests in a second and 5 at once, and 429 to the others', async () => {
      elapsed += hour;
      const statuses: number[] = [];
      for (let n = 0; n < 21; n++) statuses.push((await ofMachine()).status);
      expect(statuses).toEqual([...Array<number>(20).fill(200), 429]);
      elapsed += 1000;
      platform.latencyInMs = 1_000;
      const atOnce = await Promise.all(Array.from({ length: 7 }, () => ofMachine()));
      platform.latencyInMs = 0;
      expect(atOnce.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429]);
      await using unlimited = await startLocalEntra({ managedIdentity: { limitsRequests: false } });
      const many = await Promise.all(Array.from({ length: 25 }, () => ofMachine(unlimited)));
      expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
    });
  });

  it('without a system-assigned identity, one has to be named', async () => {
    const [only, several] = await Promise.all([
      startLocalEntra({ systemAssignedIdentity: false }),
      startLocalEntra({ systemAssignedIdentity: false, additionalClients: [{ name: 'reporter' }] }),
    ]);
    const ask = (from: LocalEntra, more: object = {}): Promise<{ status: number; json: () => unknown }> => {
      const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: graph, ...more });
      const url = `${from.imdsUrl}/metadata/identity/oauth2/token?${query.toString()}`;
      return send(from, url, { headers: { metadata: 'true' } });
    };
    try {
      expect((await ask(only)).status).toBe(200);
      expect((await ask(several, { client_id: several.client.clientId })).status).toBe(200);
      expect((await ask(several)).json()).toEqual({
        error: 'invalid_request',
        error_description:
          'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
      });
      const { endpoint, header } = only.appService;
      const unnamed = `${endpoint}?api-version=2019-08-01&resource=${graph}`;
      const headers = { 'x-identity-header': header };
      expect((await send(only, unnamed, { headers })).json()).toMatchObject({
        statusCode: 400,
        message: 'Unable to load the proper Managed Identity.',
      });
      const named = `${unnamed}&client_id=${only.client.clientId}`;
      expect((await send(only, named, { headers })).status).toBe(200);
    } finally {
      await Promise.all([only.stop(), several.stop()]);
    }
  });

  it('ManagedIdentityCredential gets tokens from IMDS', async () => {
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = entra.imdsUrl;
    try {
      const [reporter] = entra.additionalClients;
      const identities = [
        [new ManagedIdentityCredential({ retryOptions }), entra.client.objectId],
        [
          new ManagedIdentityCredential({ clientId: reporter?.clientId ?? '', retryOptions }),
          reporter?.objectId,
        ],
        [
          new ManagedIdentityCredential({ objectId: reporter?.objectId ?? '', retryOptions }),
          reporter?.objectId,
        ],
        [
          new ManagedIdentityCredential({ resourceId: reporter?.resourceId ?? '', retryOptions }),
          reporter?.objectId,
        ],
      ] as const;
      for (const [credential, objectId] of identities) {
        const { token } = await credential.getToken(`${postgres}/.default`);
        expect(entra.verifyToken(token, { audience: postgres }).oid).toBe(objectId);
      }
      expect(entra.requests).toMatchObject({ imds: 4, total: 4 });
    } finally {
      delete process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
    }
  });
});
