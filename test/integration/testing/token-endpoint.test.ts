import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomUUID,
  X509Certificate,
  type JsonWebKey,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, postgres, send } from './local-entra.fixture.js';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('The token endpoint', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  it('answers as Entra does', async () => {
    const response = await askForToken(entra);
    expect(response.status).toBe(200);
    expect(response.headers['cache-control']).toContain('no-store');
    const { expires_in: expiresIn } = response.json<{ expires_in: number }>();
    // Whole seconds: the one in which the token was made may have passed.
    expect([3600, 3599]).toContain(expiresIn);
    expect(response.json()).toEqual({
      token_type: 'Bearer',
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
  });

  it('takes the secret from the Authorization header too', async () => {
    const { clientId, clientSecret } = entra.client;
    const basic = (secret: string) => ({
      authorization: `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64')}`,
    });
    const none = { client_id: undefined, client_secret: undefined };
    expect((await askForToken(entra, none, { headers: basic(clientSecret) })).status).toBe(200);
    expect((await askForToken(entra, none, { headers: basic('wrong') })).status).toBe(401);
  });

  it('never issues the same token twice', async () => {
    const tokens = await Promise.all(Array.from({ length: 5 }, () => accessToken(askForToken(entra))));
    expect(new Set(tokens).size).toBe(5);
  });

  it('takes the audience from the scope, and keeps one of two slashes', async () => {
    const audience = async (scope: string) =>
      (jwt.decode(await accessToken(askForToken(entra, { scope }))) as jwt.JwtPayload).aud;
    expect(await audience(`${postgres}/.default`)).toBe(postgres);
    expect(await audience('https://management.azure.com//.default')).toBe('https://management.azure.com/');
    expect(await audience('00000003-0000-0000-c000-000000000000/.default')).toBe(
      '00000003-0000-0000-c000-000000000000',
    );
  });

  it('publishes the key that verifies its tokens', async () => {
    const { jwks_uri: uri } = (
      await send(entra, `${entra.authorityHost}/${entra.tenantId}/v2.0/.well-known/openid-configuration`)
    ).json<{ jwks_uri: string }>();
    const { keys } = (await send(entra, uri)).json<{ keys: (JsonWebKey & { kid: string })[] }>();
    const token = await accessToken(askForToken(entra));
    const { header } = jwt.decode(token, { complete: true }) ?? {};
    const key = keys.find(({ kid }) => kid === header?.kid);
    if (key === undefined) throw new Error('There is no such key.');
    const claims = jwt.verify(token, createPublicKey({ key, format: 'jwk' }), { algorithms: ['RS256'] });
    expect(claims).toMatchObject({ aud: graph });
    expect(entra.requests).toMatchObject({ discovery: 1, jwks: 1, token: 1, total: 3 });
  });

  it('offers instance discovery', async () => {
    const response = await send(entra, `${entra.authorityHost}/common/discovery/instance?api-version=1.1`);
    const host = new URL(entra.authorityHost).host;
    expect(response.json()).toMatchObject({ metadata: [{ preferred_network: host, aliases: [host] }] });
  });

  it('counts requests for each resource, refused ones too', async () => {
    await askForToken(entra);
    await askForToken(entra, { client_secret: 'wrong' });
    await askForToken(entra, { scope: `${postgres}/.default` });
    expect(entra.requests.forResource(graph)).toBe(2);
    expect(entra.requests.forResource(`${postgres}/.default`)).toBe(1);
    expect(entra.requests.forResource('https://vault.azure.net')).toBe(0);
  });

  const other = 'dddd5555-eeee-6666-ffff-00001111aaaa';
  const refusals: {
    what: string;
    code: number;
    status: number;
    error: string;
    changes?: Record<string, string | undefined>;
    tenantId?: string;
    headers?: Record<string, string>;
  }[] = [
    {
      what: 'what is not a tenant at all',
      code: 900023,
      status: 400,
      error: 'invalid_request',
      tenantId: 'nonsense',
    },
    {
      what: 'an unknown domain',
      code: 90002,
      status: 400,
      error: 'invalid_request',
      tenantId: 'other.example',
    },
    {
      what: 'a cross-origin request',
      code: 9002326,
      status: 400,
      error: 'invalid_request',
      headers: { origin: 'https://app.example' },
    },
    {
      what: 'a wrong secret',
      code: 7000215,
      status: 401,
      error: 'invalid_client',
      changes: { client_secret: 'wrong' },
    },
    {
      what: 'an unknown client',
      code: 700016,
      status: 400,
      error: 'unauthorized_client',
      changes: { client_id: other },
    },
    { what: 'an unknown tenant', code: 90002, status: 400, error: 'invalid_request', tenantId: other },
    {
      what: 'no credential',
      code: 7000218,
      status: 401,
      error: 'invalid_client',
      changes: { client_secret: undefined },
    },
    {
      what: 'no client',
      code: 900144,
      status: 400,
      error: 'invalid_request',
      changes: { client_id: undefined },
    },
    { what: 'no scope', code: 900144, status: 400, error: 'invalid_request', changes: { scope: undefined } },
    {
      what: 'a scope without /.default',
      code: 1002012,
      status: 400,
      error: 'invalid_scope',
      changes: { scope: `${graph}/User.Read` },
    },
    {
      what: 'two scopes',
      code: 70011,
      status: 400,
      error: 'invalid_scope',
      changes: { scope: `${graph}/.default openid` },
    },
    {
      what: 'a resource that cannot exist',
      code: 500011,
      status: 400,
      error: 'invalid_resource',
      changes: { scope: 'nonsense/.default' },
    },
    {
      what: 'an unknown grant type',
      code: 70003,
      status: 400,
      error: 'unsupported_grant_type',
      changes: { grant_type: 'password' },
    },
    {
      what: 'no grant type',
      code: 900144,
      status: 400,
      error: 'invalid_request',
      changes: { grant_type: undefined },
    },
  ];

  it.each(refusals)('refuses $what with AADSTS$code', async (refusal) => {
    const { code, status, error, changes, tenantId, headers } = refusal;
    const response = await askForToken(entra, changes, {
      ...(tenantId && { tenantId }),
      ...(headers && { headers }),
    });
    expect(response.status).toBe(status);
    expect(response.json()).toEqual({
      error,
      error_description: expect.stringMatching(
        new RegExp(`^AADSTS${code}: .+ Trace ID: \\S+ Correlation ID: \\S+ Timestamp: [-0-9]+ [:0-9]+Z$`),
      ),
      error_codes: [code],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    });
    expect(response.body).not.toContain(entra.client.clientSecret);
  });

  it.each(['v2.0/.well-known/openid-configuration', 'discovery/v2.0/keys'])(
    'knows no %s of an unknown tenant',
    async (path) => {
      const response = await send(entra, `${entra.authorityHost}/${other}/${path}`);
      expect(response.status).toBe(400);
      expect(response.json()).toMatchObject({ error: 'invalid_request', error_codes: [90002] });
    },
  );

  it('knows its tenant by a domain too', async () => {
    const tenantId = 'contoso.onmicrosoft.com';
    expect(jwt.decode(await accessToken(askForToken(entra, {}, { tenantId })))).toMatchObject({
      tid: entra.tenantId,
    });
    const configuration = `${entra.authorityHost}/${tenantId}/v2.0/.well-known/openid-configuration`;
    expect((await send(entra, configuration)).json()).toMatchObject({
      issuer: `${entra.authorityHost}/${entra.tenantId}/v2.0`,
    });
  });

  it('refuses a parameter that comes twice with AADSTS9000411', async () => {
    const response = await send(entra, `${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: 'grant_type=client_credentials&scope=a&scope=b',
    });
    expect(response.json()).toMatchObject({ error: 'invalid_request', error_codes: [9000411] });
  });

  it('repeats the ID that a client gave its request', async () => {
    const ask = async (id: string): Promise<string> => {
      const headers = { 'client-request-id': id };
      const response = await askForToken(entra, { client_secret: 'wrong' }, { headers });
      expect(response.headers['client-request-id']).toBe(
        response.json<{ correlation_id: string }>().correlation_id,
      );
      return response.json<{ correlation_id: string }>().correlation_id;
    };
    expect(await ask(other)).toBe(other);
    expect(await ask('nonsense')).not.toBe('nonsense');
  });

  it('answers JSON where there is nothing', async () => {
    const response = await send(entra, `${entra.authorityHost}/nothing`);
    expect(response.status).toBe(404);
    expect(response.json()).toMatchObject({ error: 'not_found' });
  });

  describe('checks a certificate assertion', () => {
    const askWith = async (changes: {
      claims?: Record<string, unknown>;
      header?: Record<string, unknown>;
      signature?: 'broken';
    }) => {
      const { clientId, certificatePath, tenantId } = entra.client;
      const pem = readFileSync(certificatePath);
      const thumbprint = createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
      const now = Math.floor(Date.now() / 1000);
      const assertion = jwt.sign(
        {
          aud: `${entra.authorityHost}/${tenantId}/oauth2/v2.0/token`,
          iss: clientId,
          sub: clientId,
          nbf: now,
          exp: now + 600,
          jti: randomUUID(),
          ...changes.claims,
        },
        createPrivateKey(pem),
        { algorithm: 'PS256', header: { alg: 'PS256', 'x5t#S256': thumbprint, ...changes.header } },
      );
      const response = await askForToken(entra, {
        client_secret: undefined,
        client_assertion_type: assertionType,
        client_assertion: changes.signature === 'broken' ? `${assertion.slice(0, -8)}AAAAAAAA` : assertion,
      });
      return { status: response.status, code: response.json<{ error_codes?: number[] }>().error_codes?.[0] };
    };
    const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

    it('and accepts a good one', async () => {
      expect(await askWith({})).toEqual({ status: 200, code: undefined });
    });
    it('and its audience', async () => {
      expect(await askWith({ claims: { aud: 'https://elsewhere.example' } })).toEqual({
        status: 401,
        code: 700023,
      });
    });
    it('and its expiry', async () => {
      expect(await askWith({ claims: { exp: seconds(-301) } })).toEqual({ status: 401, code: 700024 });
    });
    it('and its beginning', async () => {
      expect(await askWith({ claims: { nbf: seconds(400) } })).toEqual({ status: 401, code: 700024 });
    });
    it('and its thumbprint', async () => {
      expect(await askWith({ header: { 'x5t#S256': 'unknown' } })).toEqual({ status: 401, code: 700027 });
    });
    it('and its signature', async () => {
      expect(await askWith({ signature: 'broken' })).toEqual({ status: 401, code: 700027 });
    });
    it('and the client in it', async () => {
      expect(await askWith({ claims: { iss: other, sub: other } })).toEqual({ status: 401, code: 700021 });
    });
  });

  describe('checks a federated assertion', () => {
    const askWith = async (change: (assertion: string) => string) => {
      const assertion = change(readFileSync(entra.client.federatedTokenFile, 'utf8'));
      const response = await askForToken(entra, {
        client_secret: undefined,
        client_assertion_type: assertionType,
        client_assertion: assertion,
      });
      return { status: response.status, code: response.json<{ error_codes?: number[] }>().error_codes?.[0] };
    };
    const withClaims = (claims: Record<string, unknown>) => (assertion: string) =>
      jwt.sign({ ...(jwt.decode(assertion) as object), ...claims }, 'another key');

    it('and accepts a good one', async () => {
      expect(await askWith((assertion) => assertion)).toEqual({ status: 200, code: undefined });
    });
    it('and its issuer', async () => {
      expect(await askWith(withClaims({ iss: 'https://other.example' }))).toEqual({
        status: 401,
        code: 700211,
      });
    });
    it('and its audience', async () => {
      expect(await askWith(withClaims({ aud: 'other' }))).toEqual({ status: 401, code: 700212 });
    });
    it('and its signature', async () => {
      expect(await askWith(withClaims({}))).toEqual({ status: 401, code: 50013 });
    });
    it('and that it is a JWT', async () => {
      expect(await askWith(() => 'nonsense')).toEqual({ status: 400, code: 50027 });
    });
    it('and takes no access token for one', async () => {
      const token = entra.issueToken({ audience: 'api://AzureADTokenExchange' });
      expect((await askWith(() => token)).status).toBe(401);
    });
  });
});
