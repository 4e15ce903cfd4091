import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomUUID,
  X509Certificate,
  type JsonWebKey,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { startLocalEntra, type Fault, type LocalEntra } from '../../../lib/testing/index.js';
import { askForToken, graph, postgres, send, type WireResponse } from './local-entra.fixture.js';

const aDay = 24 * 3600_000;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface TokenResponse {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  scope?: string;
  [member: string]: unknown;
}

const application = { clientId: 'eeeeeeee-2222-4222-8222-222222222222', clientSecret: 'of-the-application' };
const customer = {
  tenantId: 'cccccccc-3333-4333-8333-333333333333',
  objectId: 'cccccccc-4444-4444-8444-444444444444',
};

describe('The refresh_token grant', () => {
  const startedAt = Date.now();
  let entra: LocalEntra;
  let elapsed = 0;

  beforeAll(async () => {
    entra = await startLocalEntra({
      tokenLifetimeInSeconds: 3600,
      clock: { now: () => startedAt + elapsed },
      client: application,
      additionalClients: [
        { name: 'public', publicClient: true },
        { ...application, name: 'notes-app of a customer', tenantId: customer.tenantId },
      ],
      apis: ['api://notes'],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    entra.refreshTokens.rotation = 'keep';
    elapsed = 0;
  });
  afterEach(() => entra.faults.clear());

  type Changes = Record<string, string | undefined>;
  const redeem = (refreshToken: string, changes: Changes = {}, signal?: AbortSignal) => {
    const scope = `${graph}/.default offline_access`;
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken, scope, ...changes };
    return askForToken(entra, parameters, signal === undefined ? {} : { signal });
  };
  const fromPage = (refreshToken: string, changes: Changes = { client_secret: undefined }) => {
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'offline_access' };
    return askForToken(entra, { ...parameters, ...changes }, { headers: { origin: 'https://app.example' } });
  };
  const redeemed = async (refreshToken: string, changes: Changes = {}) => {
    const response = await redeem(refreshToken, changes);
    expect(response.status).toBe(200);
    return response.json<TokenResponse>();
  };
  const atVersionOne = (parameters: Record<string, string>) =>
    send(entra, `${entra.authorityHost}/${entra.tenantId}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        client_id: entra.client.clientId,
        client_secret: entra.client.clientSecret,
        ...parameters,
      }).toString(),
    });
  const claimsOf = (token = '') => jwt.decode(token) as jwt.JwtPayload;
  const refusal = async (response: Promise<WireResponse>) => {
    const { status, json } = await response;
    const { error, error_codes: codes } = json<{ error?: string; error_codes?: number[] }>();
    return { status, error, code: codes?.[0] };
  };
  const revoked = { status: 400, error: 'invalid_grant', code: 50173 };
  const unknown = { status: 400, error: 'invalid_grant', code: 70000 };

  it('answers as Entra does', async () => {
    const first = entra.refreshTokens.issue();
    const response = await redeemed(first, { scope: `${postgres}/.default offline_access` });
    expect(response).toEqual({
      token_type: 'Bearer',
      expires_in: 3600,
      ext_expires_in: 3600,
      scope: `${postgres}/user_impersonation ${postgres}/.default`,
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^1\.A[\w-]{1000,}\.[\w-]+$/),
      id_token: expect.any(String),
    });
    expect(response.refresh_token).not.toBe(first);
    expect(entra.verifyToken(response.access_token, { audience: postgres })).toMatchObject({
      appid: entra.client.clientId,
      appidacr: '1',
      idtyp: 'user',
      name: 'Nora Notes',
      oid: 'bbbbbbbb-1111-2222-3333-cccccccccccc',
      scp: 'user_impersonation',
      upn: 'nora@contoso.example',
    });
  });

  it('issues the token for the person who has signed in', async () => {
    const user = { name: 'Omar', userPrincipalName: 'omar@contoso.example', objectId: randomUUID() };
    const { access_token: token, id_token: idToken } = await redeemed(
      entra.refreshTokens.issue({ user, nonce: 'n-1' }),
    );
    const person = { name: 'Omar', oid: user.objectId };
    expect(claimsOf(token)).toMatchObject({ ...person, aud: graph, upn: user.userPrincipalName });
    expect(claimsOf(idToken)).toMatchObject({
      ...person,
      aud: entra.client.clientId,
      iss: `${entra.authorityHost}/${entra.tenantId}/v2.0`,
      nonce: 'n-1',
      preferred_username: user.userPrincipalName,
      tid: entra.tenantId,
      ver: '2.0',
    });
    const me = await send(entra, `${entra.graphUrl}/v1.0/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(me.json()).toMatchObject({
      displayName: 'Omar',
      id: user.objectId,
      userPrincipalName: user.userPrincipalName,
    });
  });

  it('has an ID token, signed with the published key, only for OpenID', async () => {
    const scopes = [`${graph}/User.Read`, 'offline_access'];
    const token = entra.refreshTokens.issue({ scopes });
    expect(await redeemed(token, { scope: undefined })).not.toHaveProperty('id_token');
    const { id_token: idToken = '' } = await redeemed(token, { scope: `openid ${graph}/User.Read` });
    const { keys } = (
      await send(entra, `${entra.authorityHost}/${entra.tenantId}/discovery/v2.0/keys`)
    ).json<{ keys: JsonWebKey[] }>();
    const [key = {}] = keys;
    expect(jwt.verify(idToken, createPublicKey({ key, format: 'jwk' }))).toMatchObject({ ver: '2.0' });
  });

  it('takes the scopes of the sign-in when the request names none', async () => {
    const token = entra.refreshTokens.issue({ scopes: ['offline_access', `${postgres}/user_impersonation`] });
    const { access_token: accessToken, scope } = await redeemed(token, { scope: undefined });
    expect(claimsOf(accessToken)).toMatchObject({ aud: postgres, scp: 'user_impersonation' });
    expect(scope).toBe(`${postgres}/user_impersonation`);
  });

  it('takes the API of the first scope, and Graph for a scope without one', async () => {
    const token = entra.refreshTokens.issue({
      scopes: ['api://notes/Read', 'api://notes/Write', 'Mail.Read'],
    });
    const two = await redeemed(token, { scope: `openid api://notes/Read api://notes/Write ${postgres}/x` });
    expect(claimsOf(two.access_token)).toMatchObject({ aud: 'api://notes', scp: 'Read Write' });
    const bare = await redeemed(token, { scope: 'Mail.Read' });
    expect(claimsOf(bare.access_token)).toMatchObject({ aud: graph, scp: 'Mail.Read User.Read' });
    const openId = await redeemed(token, { scope: 'openid profile' });
    expect(claimsOf(openId.access_token)).toMatchObject({ aud: graph });
  });

  it('counts requests for the API, whatever else is in the scope', async () => {
    entra.requests.reset();
    const token = entra.refreshTokens.issue();
    await redeemed(token, { scope: `openid offline_access ${postgres}/.default` });
    await atVersionOne({ grant_type: 'refresh_token', refresh_token: token, resource: postgres });
    expect(entra.requests.forResource(postgres)).toBe(2);
  });

  it('shows in the token which claims were asked for', async () => {
    const claims = { access_token: { xms_cc: { values: ['CP1'] }, acrs: { essential: true, value: 'c1' } } };
    const { access_token: token } = await redeemed(entra.refreshTokens.issue(), {
      claims: JSON.stringify(claims),
    });
    expect(claimsOf(token)).toMatchObject({ xms_cc: ['CP1'], acrs: ['c1'] });
    const ofTheApplication = (
      await askForToken(entra, { claims: JSON.stringify(claims) })
    ).json<TokenResponse>();
    expect(claimsOf(ofTheApplication.access_token)).toMatchObject({ xms_cc: ['CP1'], idtyp: 'app' });
    expect(await refusal(redeem(entra.refreshTokens.issue(), { claims: '{' }))).toMatchObject({
      code: 9002313,
    });
  });

  it('answers in strings at the version 1.0 endpoint', async () => {
    const token = entra.refreshTokens.issue();
    const response = await atVersionOne({
      grant_type: 'refresh_token',
      refresh_token: token,
      resource: postgres,
    });
    const now = Math.floor(startedAt / 1000);
    expect(response.json()).toEqual({
      token_type: 'Bearer',
      scope: 'user_impersonation',
      expires_in: '3600',
      ext_expires_in: '3600',
      expires_on: String(now + 3600),
      not_before: String(now - 300),
      resource: postgres,
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      id_token: expect.any(String),
    });
    const { access_token: accessToken, id_token: idToken } = response.json<TokenResponse>();
    expect(entra.verifyToken(accessToken, { audience: postgres })).toMatchObject({
      scp: 'user_impersonation',
    });
    expect(claimsOf(idToken)).toMatchObject({ ver: '1.0', upn: 'nora@contoso.example' });
    const again = await atVersionOne({ grant_type: 'refresh_token', refresh_token: token });
    expect(claimsOf(again.json<TokenResponse>().access_token)).toMatchObject({ aud: graph });
  });

  it('is not alone at the version 1.0 endpoint', async () => {
    const response = await atVersionOne({ grant_type: 'client_credentials', resource: graph });
    expect(response.json()).toMatchObject({ expires_in: '3600', resource: graph });
    expect(response.json()).not.toHaveProperty('refresh_token');
    expect(await refusal(atVersionOne({ grant_type: 'client_credentials' }))).toMatchObject({ code: 900144 });
  });

  describe('in another tenant of the application', () => {
    const guest = {
      objectId: 'bbbbbbbb-5555-4555-8555-555555555555',
      userPrincipalName: 'gus@contoso.example',
    };
    const inCustomer = (refresh_token: string) =>
      askForToken(
        entra,
        { grant_type: 'refresh_token', refresh_token, scope: `${graph}/User.Read offline_access` },
        { tenantId: customer.tenantId },
      );

    it('gives the tokens of a guest of that tenant, and leaves those of the first tenant good', async () => {
      const user = { ...guest, guestIn: { [customer.tenantId]: customer.objectId } };
      const first = entra.refreshTokens.issue({ user });
      const response = (await inCustomer(first)).json<TokenResponse>();
      const claims = claimsOf(response.access_token);
      expect(claims).toMatchObject({
        tid: customer.tenantId,
        oid: customer.objectId,
        idp: `https://sts.windows.net/${entra.tenantId}/`,
        unique_name: guest.userPrincipalName,
      });
      expect(claims).not.toHaveProperty('upn');
      const atHome = await redeemed(response.refresh_token ?? '');
      expect(claimsOf(atHome.access_token)).toMatchObject({ tid: entra.tenantId, oid: guest.objectId });
    });

    it('refuses everybody whom that tenant does not know', async () => {
      const response = inCustomer(entra.refreshTokens.issue({ user: { ...guest, guestIn: {} } }));
      expect(await refusal(response)).toEqual({ status: 400, error: 'invalid_grant', code: 50020 });
      expect((await response).body).toContain(customer.tenantId);
    });

    it('refuses the token of another application', async () => {
      const client = entra.additionalClients[0];
      const user = { ...guest, guestIn: { [customer.tenantId]: customer.objectId } };
      const response = inCustomer(entra.refreshTokens.issue({ user, ...(client && { client }) }));
      expect(await refusal(response)).toEqual(unknown);
    });
  });

  describe('knows its client', () => {
    const none = { client_id: undefined, client_secret: undefined };

    it('by a secret in the header', async () => {
      const { clientId, clientSecret } = entra.client;
      const basic = (secret: string) => ({
        authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
      });
      const parameters = { grant_type: 'refresh_token', refresh_token: entra.refreshTokens.issue(), ...none };
      expect((await askForToken(entra, parameters, { headers: basic(clientSecret) })).status).toBe(200);
      expect((await askForToken(entra, parameters, { headers: basic('wrong') })).status).toBe(401);
    });

    it('by an assertion, signed with its certificate or by the platform', async () => {
      const { clientId, certificatePath, tenantId, federatedTokenFile } = entra.client;
      const pem = readFileSync(certificatePath);
      const now = Math.floor(startedAt / 1000);
      const assertion = jwt.sign(
        {
          aud: `${entra.authorityHost}/${tenantId}/oauth2/v2.0/token`,
          iss: clientId,
          sub: clientId,
          nbf: now,
          exp: now + 600,
          jti: randomUUID(),
        },
        createPrivateKey(pem),
        {
          algorithm: 'PS256',
          header: {
            alg: 'PS256',
            'x5t#S256': createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url'),
          },
        },
      );
      for (const clientAssertion of [assertion, readFileSync(federatedTokenFile, 'utf8')]) {
        const { access_token: token } = await redeemed(entra.refreshTokens.issue(), {
          client_secret: undefined,
          client_assertion_type: assertionType,
          client_assertion: clientAssertion,
        });
        expect(claimsOf(token)).toMatchObject({ appidacr: '2' });
      }
    });

    it('by its ID alone when it is public', async () => {
      const [client] = entra.additionalClients;
      const asPublic = { client_id: client?.clientId, client_secret: undefined };
      const token = entra.refreshTokens.issue(client ? { client } : {});
      expect(claimsOf((await redeemed(token, asPublic)).access_token)).toMatchObject({ appidacr: '0' });
      expect(await refusal(redeem(token, { ...asPublic, client_secret: 'wrong' }))).toMatchObject({
        code: 7000215,
      });
      expect(await refusal(askForToken(entra, asPublic))).toMatchObject({ code: 7000218 });
    });

    it('and refuses the others', async () => {
      const token = entra.refreshTokens.issue();
      expect(await refusal(redeem(token, { client_secret: 'wrong' }))).toEqual({
        status: 401,
        error: 'invalid_client',
        code: 7000215,
      });
      expect(await refusal(redeem(token, { client_secret: undefined }))).toMatchObject({ code: 7000218 });
      expect(await refusal(redeem(token, { client_id: randomUUID() }))).toEqual({
        status: 400,
        error: 'unauthorized_client',
        code: 700016,
      });
      const [client] = entra.additionalClients;
      const other = { client_id: client?.clientId, client_secret: undefined };
      expect(await refusal(redeem(token, other))).toEqual(unknown);
      expect(entra.refreshTokens.accepts(token)).toBe(true);
    });
  });

  describe('refuses', () => {
    it('a token that it does not know, and a request without one', async () => {
      expect(await refusal(redeem('1.AXoA-nonsense'))).toEqual(unknown);
      expect(await refusal(redeem('', { refresh_token: undefined }))).toMatchObject({ code: 900144 });
      expect(entra.refreshTokens.accepts('1.AXoA-nonsense')).toBe(false);
      expect(() => entra.refreshTokens.expire('1.AXoA-nonsense')).toThrow('has not issued');
    });

    it('a token that was not used for 90 days; each use begins them anew', async () => {
      const first = entra.refreshTokens.issue();
      elapsed = 89 * aDay;
      const second = (await redeemed(first)).refresh_token ?? '';
      elapsed = 90 * aDay;
      expect(await refusal(redeem(first))).toEqual({ status: 400, error: 'invalid_grant', code: 700082 });
      elapsed = 178 * aDay;
      expect(entra.refreshTokens.accepts(second)).toBe(true);
      await redeemed(second);
    });

    it('every token of a single-page application a day after the sign-in', async () => {
      const first = entra.refreshTokens.issue({ spa: true });
      elapsed = aDay - 1;
      const second = (await fromPage(first)).json<TokenResponse>().refresh_token ?? '';
      elapsed = aDay;
      for (const token of [first, second]) {
        expect(await refusal(fromPage(token))).toEqual({ status: 400, error: 'invalid_grant', code: 700084 });
      }
    });

    it('the token of a single-page application without an origin, or with a secret', async () => {
      const token = entra.refreshTokens.issue({ spa: true });
      const badRequest = { status: 400, error: 'invalid_request' };
      expect(await refusal(redeem(token, { client_secret: undefined }))).toEqual({
        ...badRequest,
        code: 9002327,
      });
      expect(await refusal(fromPage(token, {}))).toEqual({
        status: 401,
        error: 'invalid_client',
        code: 700025,
      });
      expect((await fromPage(token)).status).toBe(200);
    });

    it('every other token from another origin', async () => {
      const publicClient = entra.additionalClients[0];
      const tokens = [
        [entra.refreshTokens.issue(), {}],
        [
          entra.refreshTokens.issue({ ...(publicClient && { client: publicClient }) }),
          { client_id: publicClient?.clientId, client_secret: undefined },
        ],
      ] as const;
      for (const [token, changes] of tokens) {
        expect(await refusal(fromPage(token, changes))).toMatchObject({ code: 9002326 });
      }
    });

    it('a secret of a public client', async () => {
      const client = entra.additionalClients[0];
      if (client === undefined) throw new Error('There is no public client.');
      const token = entra.refreshTokens.issue({ client });
      const secret = { client_id: client.clientId, client_secret: client.clientSecret };
      expect(await refusal(redeem(token, secret))).toEqual({
        status: 401,
        error: 'invalid_client',
        code: 700025,
      });
    });

    it('a token that was ended, and no other of its grant', async () => {
      const first = entra.refreshTokens.issue({ lifetimeInSeconds: 600 });
      const second = (await redeemed(first)).refresh_token ?? '';
      entra.refreshTokens.expire(first);
      expect(await refusal(redeem(first))).toMatchObject({ code: 700082 });
      expect(entra.refreshTokens.accepts(second)).toBe(true);
      elapsed = 600_000;
      expect(entra.refreshTokens.accepts(second)).toBe(false);
    });

    it('every token of a grant that was revoked', async () => {
      const first = entra.refreshTokens.issue();
      const second = (await redeemed(first)).refresh_token ?? '';
      const ofAnotherGrant = entra.refreshTokens.issue();
      entra.refreshTokens.revoke(first);
      expect(await refusal(redeem(second))).toEqual(revoked);
      expect(await refusal(redeem(first))).toEqual(revoked);
      expect(entra.refreshTokens.accepts(ofAnotherGrant)).toBe(true);
    });

    const policy = expect.stringMatching(
      /^{"access_token":{"capolids":{"essential":true,"values":\[".+"\]}}}$/,
    );
    it.each([
      { code: 50076, suberror: 'basic_action', claims: policy },
      { code: 50079, suberror: 'basic_action', claims: policy },
      { code: 50105 },
      { code: 50158, suberror: 'basic_action', claims: policy },
      { code: 53000, suberror: 'message_only', claims: policy },
      { code: 53003, suberror: 'message_only', claims: policy },
      { code: 530003, suberror: 'message_only', claims: policy },
      { code: 65001, suberror: 'consent_required' },
      { code: 70008 },
      { code: 70043, suberror: 'token_expired' },
      { code: 700081 },
      { code: 50999 },
    ])('with AADSTS$code when it is told to', async ({ code, ...members }) => {
      const token = entra.refreshTokens.issue();
      entra.refreshTokens.refuse(token, code);
      const response = await redeem(token);
      expect(response.status).toBe(400);
      expect(response.json()).toEqual({
        error: 'invalid_grant',
        error_codes: [code],
        error_description: expect.stringContaining(`AADSTS${code}: `),
        timestamp: expect.any(String),
        trace_id: response.headers['x-ms-request-id'],
        correlation_id: response.headers['client-request-id'],
        error_uri: `https://login.microsoftonline.com/error?code=${code}`,
        ...members,
      });
      expect(entra.refreshTokens.accepts(token)).toBe(false);
    });

    it('scopes that make no sense, before the token is used', async () => {
      entra.refreshTokens.rotation = 'strict';
      const token = entra.refreshTokens.issue();
      expect(await refusal(redeem(token, { scope: `${graph}/.default ${graph}/User.Read` }))).toMatchObject({
        code: 70011,
      });
      expect(await refusal(redeem(token, { scope: 'nonsense/.default' }))).toMatchObject({ code: 500011 });
      expect(entra.refreshTokens.accepts(token)).toBe(true);
    });

    it('settings that make no sense', () => {
      expect(() => (entra.refreshTokens.rotation = 'often' as 'keep')).toThrow('"rotation"');
      expect(() => entra.refreshTokens.issue({ lifetimeInSeconds: NaN })).toThrow('"lifetimeInSeconds"');
    });
  });

  describe('rotates', () => {
    const counts = () => {
      const { redemptions, reuseRevocations } = entra.refreshTokens;
      return { redemptions, reuseRevocations };
    };
    let before: ReturnType<typeof counts>;
    beforeEach(() => {
      before = counts();
    });
    const since = () => {
      const { redemptions, reuseRevocations } = counts();
      return {
        redemptions: redemptions - before.redemptions,
        reuseRevocations: reuseRevocations - before.reuseRevocations,
      };
    };

    it('and keeps what was used, as Entra does', async () => {
      const first = entra.refreshTokens.issue();
      const tokens = new Set([first]);
      for (let use = 0; use < 5; use++) tokens.add((await redeemed(first)).refresh_token ?? '');
      expect(tokens.size).toBe(6);
      expect([...tokens].every((token) => entra.refreshTokens.accepts(token))).toBe(true);
      expect(since()).toEqual({ redemptions: 5, reuseRevocations: 0 });
    });

    it('strictly, so that each token is good for one use', async () => {
      entra.refreshTokens.rotation = 'strict';
      let token = entra.refreshTokens.issue();
      for (let use = 0; use < 20; use++) {
        const used = token;
        token = (await redeemed(token)).refresh_token ?? '';
        expect([used, token].map((each) => entra.refreshTokens.accepts(each))).toEqual([false, true]);
      }
      expect(since()).toEqual({ redemptions: 20, reuseRevocations: 0 });
    });

    it('not at all without offline_access', async () => {
      entra.refreshTokens.rotation = 'strict';
      const token = entra.refreshTokens.issue();
      expect(await redeemed(token, { scope: `${graph}/.default` })).not.toHaveProperty('refresh_token');
      expect(entra.refreshTokens.accepts(token)).toBe(true);
      expect(await redeemed(token, { scope: undefined })).toHaveProperty('refresh_token');
      expect(entra.refreshTokens.accepts(token)).toBe(false);
      expect(since()).toEqual({ redemptions: 2, reuseRevocations: 0 });
    });

    it('strictly, so that a reuse revokes the grant, once', async () => {
      entra.refreshTokens.rotation = 'strict';
      const first = entra.refreshTokens.issue();
      const bystander = entra.refreshTokens.issue();
      const second = (await redeemed(first)).refresh_token ?? '';
      expect(await refusal(redeem(first))).toEqual(revoked);
      expect(await refusal(redeem(second))).toEqual(revoked);
      expect(await refusal(redeem(first))).toEqual(revoked);
      expect(since()).toEqual({ redemptions: 1, reuseRevocations: 1 });
      expect(entra.refreshTokens.accepts(bystander)).toBe(true);
    });

    it('strictly, so that of two requests at once one loses the grant', async () => {
      entra.refreshTokens.rotation = 'strict';
      const token = entra.refreshTokens.issue();
      const answers = await Promise.all([redeem(token), redeem(token)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
      const successor =
        answers.find(({ status }) => status === 200)?.json<TokenResponse>().refresh_token ?? '';
      expect(entra.refreshTokens.accepts(successor)).toBe(false);
      expect(since()).toEqual({ redemptions: 1, reuseRevocations: 1 });
    });

    it.each<{ fault: Fault; how: string }>([
      { fault: { kind: 'hang-after-processing' }, how: 'given up' },
      { fault: { kind: 'hang-in-body' }, how: 'given up' },
      { fault: { kind: 'cut-in-body' }, how: 'aborted' },
    ])('strictly, although no client learns of it with $fault.kind', async ({ fault, how }) => {
      entra.refreshTokens.rotation = 'strict';
      const token = entra.refreshTokens.issue();
      await entra.faults.set('token', fault, { times: 1 });
      const giveUp = new AbortController();
      const answer = redeem(token, {}, giveUp.signal).catch(({ message }: Error) => message);
      while (entra.refreshTokens.accepts(token)) await sleep(2);
      if (how === 'given up') giveUp.abort();
      expect(await answer).toBe(how);
      expect(since()).toEqual({ redemptions: 1, reuseRevocations: 0 });
      expect(await refusal(redeem(token))).toEqual(revoked);
    });

    it.each<{ fault: Fault }>([
      { fault: { kind: 'http-status', status: 503 } },
      { fault: { kind: 'entra-error', code: 90033 } },
      { fault: { kind: 'invalid-json' } },
      { fault: { kind: 'connection-reset' } },
      { fault: { kind: 'html-page' } },
    ])('nothing when the request was not carried out, as with $fault.kind', async ({ fault }) => {
      entra.refreshTokens.rotation = 'strict';
      const token = entra.refreshTokens.issue();
      await entra.faults.set('token', fault, { times: 1 });
      await redeem(token).catch(() => undefined);
      expect(since()).toEqual({ redemptions: 0, reuseRevocations: 0 });
      await redeemed(token);
    });
  });

  describe('answers wrongly with', () => {
    beforeEach(() => {
      entra.refreshTokens.rotation = 'strict';
    });

    it('an ID token of another sign-in, application or issuer', async () => {
      const first = entra.refreshTokens.issue({ nonce: 'n-1', scopes: [`${graph}/.default`] });
      await entra.faults.set('token', { kind: 'mismatched-id-token', wrong: 'nonce' });
      const second = await redeemed(first);
      expect(claimsOf(second.id_token)).toMatchObject({
        aud: entra.client.clientId,
        nonce: 'of-another-sign-in',
      });
      await entra.faults.set('token', { kind: 'mismatched-id-token', wrong: 'audience' });
      const third = await redeemed(second.refresh_token ?? '');
      expect(claimsOf(third.id_token)).toMatchObject({ nonce: 'n-1' });
      expect(claimsOf(third.id_token).aud).not.toBe(entra.client.clientId);
      await entra.faults.set('token', { kind: 'mismatched-id-token', wrong: 'signature' });
      const fourth = await redeemed(third.refresh_token ?? '');
      const { keys } = (
        await send(entra, `${entra.authorityHost}/${entra.tenantId}/discovery/v2.0/keys`)
      ).json<{ keys: JsonWebKey[] }>();
      const [key = {}] = keys;
      expect(() => jwt.verify(fourth.id_token ?? '', createPublicKey({ key, format: 'jwk' }))).toThrow(
        'invalid signature',
      );
      expect(entra.refreshTokens.accepts(fourth.refresh_token ?? '')).toBe(true);
    });

    it('no refresh token, or the same: it stays good', async () => {
      const token = entra.refreshTokens.issue();
      await entra.faults.set('token', { kind: 'missing-refresh-token' });
      expect(await redeemed(token)).not.toHaveProperty('refresh_token');
      await entra.faults.set('token', { kind: 'same-refresh-token' });
      expect((await redeemed(token)).refresh_token).toBe(token);
      expect(entra.refreshTokens.accepts(token)).toBe(true);
    });

    it('numbers in strings, and members of any kind', async () => {
      const token = entra.refreshTokens.issue();
      await entra.faults.set('token', { kind: 'string-numbers' });
      const response = await redeemed(token);
      expect(response).toMatchObject({ expires_in: '3600', ext_expires_in: '3600' });
      const members = { expires_in: 0, foci: '1', scope: undefined };
      await entra.faults.set('token', { kind: 'altered-response', members });
      const altered = await redeemed(response.refresh_token ?? '');
      expect(altered).toMatchObject({ expires_in: 0, foci: '1', refresh_token: expect.any(String) });
      expect(altered).not.toHaveProperty('scope');
    });

    it('an access token that is wrong', async () => {
      const token = entra.refreshTokens.issue();
      await entra.faults.set('token', { kind: 'wrong-audience', audience: 'api://other' });
      const wrong = await redeemed(token);
      expect(claimsOf(wrong.access_token)).toMatchObject({ aud: 'api://other', upn: 'nora@contoso.example' });
      await entra.faults.set('token', { kind: 'expired-token', claimedLifetimeInSeconds: 3600 });
      const expired = await redeemed(wrong.refresh_token ?? '');
      expect(claimsOf(expired.access_token).exp).toBeLessThan(startedAt / 1000);
      expect(expired.expires_in).toBe(3600);
    });

    it('which can happen at the token endpoint only', async () => {
      await expect(entra.faults.set('graph', { kind: 'string-numbers' })).rejects.toThrow(
        'not the token endpoint',
      );
      await entra.faults.set('all', { kind: 'altered-response', members: { foci: '1' } });
      expect((await send(entra, `${entra.graphUrl}/v1.0/me`)).status).toBe(401);
      expect(await redeemed(entra.refreshTokens.issue())).toMatchObject({ foci: '1' });
    });
  });
});
