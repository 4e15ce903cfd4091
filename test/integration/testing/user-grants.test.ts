import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, postgres, send, type WireResponse } from './local-entra.fixture.js';

const redirectUri = 'https://notes.example/signed-in';
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const omar = { name: 'Omar Offen', userPrincipalName: 'omar@contoso.example' };
type Changes = Record<string, string | undefined>;

interface Tokens {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  scope?: string;
}

describe('The grants for people', () => {
  const startedAt = Date.now();
  let entra: LocalEntra;
  let elapsed = 0;

  beforeAll(async () => {
    entra = await startLocalEntra({
      tokenLifetimeInSeconds: 3600,
      clock: { now: () => startedAt + elapsed },
      client: {
        redirectUris: [redirectUri, 'http://localhost/back'],
        spaRedirectUris: ['https://page.example/'],
      },
      additionalClients: [{ name: 'device', publicClient: true }],
      users: [omar],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    elapsed = 0;
    entra.signIns.user = undefined;
    entra.signIns.checksPollingInterval = false;
  });
  afterEach(() => entra.signIns.refuse(omar.userPrincipalName, undefined));

  const present = (changes: Changes) =>
    Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const authorizationUrl = (changes: Changes = {}) => {
    const url = new URL(`${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/authorize`);
    const asked = {
      client_id: entra.client.clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid profile offline_access User.Read',
      state: 'a state',
      nonce: 'n-1',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...changes,
    };
    for (const [name, value] of present(asked)) url.searchParams.set(name, value);
    return url;
  };
  const codeFor = (changes: Changes = {}, user?: string) =>
    entra.signIns.authorize(authorizationUrl(changes), user).parameters.get('code') ?? undefined;
  const redeemCode = (code: string | undefined, changes: Changes = {}, headers = {}) =>
    askForToken(
      entra,
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        scope: undefined,
        ...changes,
      },
      { headers },
    );
  const refusal = async (response: Promise<WireResponse>) => {
    const { status, json } = await response;
    const { error, error_codes: codes } = json<{ error?: string; error_codes?: number[] }>();
    return { status, error, code: codes?.[0] };
  };
  const claimsOf = (token = '') => jwt.decode(token) as jwt.JwtPayload;
  const shown = async (url: URL, form?: Record<string, string>) =>
    send(entra, url.href, {
      ...(form && { method: 'POST', body: new URLSearchParams(form).toString() }),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

  describe('authorization_code', () => {
    it('signs a named person in, and gives every token', async () => {
      const { url, parameters } = entra.signIns.authorize(authorizationUrl(), omar.userPrincipalName);
      expect(url.origin + url.pathname).toBe(redirectUri);
      expect(parameters.get('state')).toBe('a state');
      const response = await redeemCode(parameters.get('code') ?? '', { client_info: '1' });
      expect(response.status).toBe(200);
      const { access_token: token, id_token: idToken, ...members } = response.json<Tokens>();
      const { objectId } = entra.users.find(({ name }) => name === omar.name) ?? {};
      expect(members).toEqual({
        token_type: 'Bearer',
        expires_in: 3600,
        ext_expires_in: 3600,
        scope: `openid profile ${graph}/User.Read`,
        refresh_token: expect.any(String),
        client_info: Buffer.from(JSON.stringify({ uid: objectId, utid: entra.tenantId })).toString(
          'base64url',
        ),
      });
      expect(claimsOf(token)).toMatchObject({ aud: graph, oid: objectId, scp: 'openid profile User.Read' });
      expect(claimsOf(idToken)).toMatchObject({ aud: entra.client.clientId, nonce: 'n-1', oid: objectId });
    });

    it('leaves a refresh token for the same person', async () => {
      const { refresh_token: refreshToken = '' } = (
        await redeemCode(codeFor({}, omar.userPrincipalName))
      ).json<Tokens>();
      const { access_token: token } = (
        await askForToken(entra, {
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          scope: `${postgres}/.default`,
        })
      ).json<Tokens>();
      expect(claimsOf(token)).toMatchObject({ aud: postgres, upn: omar.userPrincipalName });
    });

    it('shows a form over HTTP, and redirects who has filled it in or is signed in already', async () => {
      const form = await shown(authorizationUrl());
      expect(form.status).toBe(200);
      expect(form.body).toContain(omar.userPrincipalName);
      const back = await shown(authorizationUrl(), { username: omar.userPrincipalName });
      expect(back.status).toBe(302);
      expect(new URL(back.headers.location ?? '').searchParams.get('state')).toBe('a state');
      entra.signIns.user = omar.userPrincipalName;
      expect((await shown(authorizationUrl({ prompt: 'none' }))).status).toBe(302);
      const posted = await shown(authorizationUrl({ response_mode: 'form_post' }));
      expect(posted.body).toMatch(new RegExp(`action="${redirectUri}".*name="code"`));
      const fragment = entra.signIns.authorize(authorizationUrl({ response_mode: 'fragment' }));
      expect(fragment.url.hash).toContain('code=');
    });

    it('takes a loopback address with any port, and everything else only exactly', async () => {
      const loopback = 'http://localhost:54321/back';
      const code = codeFor({ redirect_uri: loopback });
      expect((await redeemCode(code, { redirect_uri: loopback })).status).toBe(200);
      for (const foreign of [
        `${redirectUri}/`,
        `${redirectUri}?x=1`,
        'https://evil.example/',
        'http://localhost:54321/other',
        'https://notes.example:444/signed-in',
      ]) {
        expect(() => entra.signIns.authorize(authorizationUrl({ redirect_uri: foreign }))).toThrow(
          'AADSTS50011:',
        );
        expect((await shown(authorizationUrl({ redirect_uri: foreign }))).headers.location).toBeUndefined();
      }
    });

    it('sends its refusals back to the application', () => {
      const refused = (changes: Changes) =>
        entra.signIns.authorize(authorizationUrl(changes)).parameters.get('error_description')?.split(':')[0];
      expect(refused({ response_type: 'token' })).toBe('AADSTS700054');
      expect(refused({ scope: 'api://unknown/Read' })).toBe('AADSTS500011');
      expect(refused({ code_challenge: 'short' })).toBe('AADSTS501491');
      expect(refused({ code_challenge_method: 'S512' })).toBe('AADSTS50149');
      expect(refused({ redirect_uri: 'https://page.example/', code_challenge: undefined })).toBe(
        'AADSTS9002325',
      );
    });

    it('answers a silent request without a session with login_required', async () => {
      const { headers } = await shown(authorizationUrl({ prompt: 'none' }));
      expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('login_required');
    });

    it('takes each code once, in time and from its own client', async () => {
      const code = codeFor();
      expect((await redeemCode(code)).status).toBe(200);
      expect(await refusal(redeemCode(code))).toEqual({ status: 400, error: 'invalid_grant', code: 54005 });
      const late = codeFor();
      elapsed = 10 * 60_000;
      expect(await refusal(redeemCode(late))).toMatchObject({ error: 'invalid_grant', code: 70008 });
      expect(await refusal(redeemCode('nonsense'))).toMatchObject({ error: 'invalid_grant', code: 70000 });
      const [device] = entra.additionalClients;
      const foreign = { client_id: device?.clientId, client_secret: undefined };
      expect(await refusal(redeemCode(codeFor(), foreign))).toMatchObject({ code: 70000 });
    });

    it('refuses another verifier, redirect URI or way of authentication, and keeps the code', async () => {
      const code = codeFor();
      expect(await refusal(redeemCode(code, { code_verifier: 'x'.repeat(43) }))).toMatchObject({
        code: 501481,
      });
      expect(await refusal(redeemCode(code, { code_verifier: undefined }))).toMatchObject({ code: 50148 });
      expect(await refusal(redeemCode(code, { redirect_uri: `${redirectUri}/` }))).toMatchObject({
        error: 'invalid_client',
        code: 500112,
      });
      expect(await refusal(redeemCode(code, { client_secret: undefined }))).toMatchObject({ code: 7000218 });
      const origin = { origin: 'https://page.example' };
      expect(await refusal(redeemCode(code, {}, origin))).toMatchObject({ code: 9002326 });
      expect((await redeemCode(code)).status).toBe(200);
    });

    it('wants an Origin, and no secret, for the code of a single-page application', async () => {
      const page = { redirect_uri: 'https://page.example/' };
      const code = codeFor(page);
      expect(await refusal(redeemCode(code, { ...page }))).toMatchObject({ code: 9002327 });
      const origin = { origin: 'https://page.example' };
      expect(await refusal(redeemCode(code, { ...page }, origin))).toMatchObject({ code: 700025 });
      expect((await redeemCode(code, { ...page, client_secret: undefined }, origin)).status).toBe(200);
    });
  });

  describe('device_code', () => {
    const device = () => {
      const [client] = entra.additionalClients;
      if (client === undefined) throw new Error('There is no device.');
      return client;
    };
    const start = async () => {
      const response = await shown(
        new URL(`${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/devicecode`),
        {
          client_id: device().clientId,
          scope: 'openid offline_access User.Read',
        },
      );
      expect(response.status).toBe(200);
      return response.json<{
        user_code: string;
        device_code: string;
        verification_uri: string;
        message: string;
      }>();
    };
    const poll = (deviceCode: string, changes: Changes = {}) =>
      askForToken(entra, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: device().clientId,
        client_secret: undefined,
        device_code: deviceCode,
        scope: undefined,
        ...changes,
      });

    it('waits for the person, then gives the tokens once', async () => {
      const codes = await start();
      expect(codes).toEqual({
        user_code: expect.stringMatching(/^[A-Z2-9]{9}$/),
        device_code: expect.any(String),
        verification_uri: `${entra.authorityHost}/common/oauth2/deviceauth`,
        expires_in: 900,
        interval: 5,
        message: expect.stringContaining(codes.user_code),
      });
      const pending = { status: 400, error: 'authorization_pending', code: 70016 };
      expect(await refusal(poll(codes.device_code))).toEqual(pending);
      expect(await refusal(poll(codes.device_code))).toEqual(pending);
      entra.signIns.enterCode(codes.user_code, omar.userPrincipalName);
      const tokens = (await poll(codes.device_code)).json<Tokens>();
      expect(claimsOf(tokens.access_token)).toMatchObject({ upn: omar.userPrincipalName, appidacr: '0' });
      expect(tokens).toMatchObject({ id_token: expect.any(String), refresh_token: expect.any(String) });
      expect(await refusal(poll(codes.device_code))).toMatchObject({ error: 'bad_verification_code' });
    });

    it('has a page for the code', async () => {
      const codes = await start();
      const page = new URL(codes.verification_uri);
      expect((await shown(page)).body).toContain('name="user_code"');
      expect((await shown(page, { user_code: 'WRONG' })).status).toBe(400);
      const form = { user_code: codes.user_code.toLowerCase(), username: omar.userPrincipalName };
      expect((await shown(page, form)).status).toBe(200);
      expect((await poll(codes.device_code)).status).toBe(200);
    });

    it('tells of a person who declines, and of a code that was not entered in time', async () => {
      const declined = await start();
      entra.signIns.declineCode(declined.user_code);
      expect(await refusal(poll(declined.device_code))).toMatchObject({ error: 'authorization_declined' });
      const late = await start();
      elapsed = 15 * 60_000;
      expect(await refusal(poll(late.device_code))).toMatchObject({ error: 'expired_token', code: 70020 });
      expect(() => entra.signIns.enterCode(late.user_code)).toThrow('No device waits');
    });

    it('slows a hasty device down, if it is to', async () => {
      entra.signIns.checksPollingInterval = true;
      const { device_code: code } = await start();
      expect(await refusal(poll(code))).toMatchObject({ error: 'authorization_pending' });
      elapsed += 4_999;
      expect(await refusal(poll(code))).toMatchObject({ error: 'slow_down' });
      elapsed += 5_000;
      expect(await refusal(poll(code))).toMatchObject({ error: 'authorization_pending' });
    });

    it('is for public clients', async () => {
      const { clientId: client_id } = entra.client;
      const url = new URL(`${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/devicecode`);
      const { user_code: userCode, device_code: deviceCode } = (
        await shown(url, { client_id, scope: 'User.Read' })
      ).json<{ user_code: string; device_code: string }>();
      entra.signIns.enterCode(userCode);
      expect(await refusal(poll(deviceCode, { client_id }))).toMatchObject({ code: 7000218 });
    });
  });

  describe('on-behalf-of', () => {
    const ownApi = () => `api://${entra.client.clientId}`;
    const personsToken = async (scope = `${ownApi()}/access`) => {
      const [device] = entra.additionalClients;
      const refreshToken = entra.refreshTokens.issue({
        client: device ?? entra.client,
        user: entra.users.find(({ name }) => name === omar.name) ?? {},
        scopes: [scope],
      });
      return accessToken(
        askForToken(entra, {
          ...{ grant_type: 'refresh_token', refresh_token: refreshToken, scope },
          ...{ client_id: device?.clientId, client_secret: undefined },
        }),
      );
    };
    const exchange = (assertion: string, changes: Changes = {}) =>
      askForToken(entra, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        assertion,
        scope: `${postgres}/.default`,
        ...changes,
      });

    it('gives a token of the same person for the next API', async () => {
      const response = await exchange(await personsToken());
      expect(response.status).toBe(200);
      const tokens = response.json<Tokens>();
      expect(claimsOf(tokens.access_token)).toMatchObject({
        aud: postgres,
        appid: entra.client.clientId,
        idtyp: 'user',
        scp: 'user_impersonation',
        upn: omar.userPrincipalName,
      });
      expect(tokens).not.toHaveProperty('refresh_token');
      const lasting = await exchange(await personsToken(), { scope: 'openid offline_access User.Read' });
      expect(lasting.json()).toMatchObject({
        refresh_token: expect.any(String),
        id_token: expect.any(String),
      });
    });

    it('refuses the token for another API', async () => {
      const response = exchange(await personsToken(`${graph}/User.Read`));
      expect(await refusal(response)).toEqual({ status: 400, error: 'invalid_grant', code: 500131 });
      const { error_description: text } = (await response).json<{ error_description: string }>();
      expect(text).toContain(
        `The audience in the assertion was '${graph}' and the expected audience is '${ownApi()}'`,
      );
    });

    it('refuses an expired token, a forged one, an application and what is not a token', async () => {
      const assertion = await personsToken();
      const forged = entra.issueToken({ audience: ownApi(), signedBy: 'foreign-key' });
      const ofApplication = await accessToken(askForToken(entra, { scope: `${ownApi()}/.default` }));
      expect(await refusal(exchange(forged))).toEqual({ status: 400, error: 'invalid_grant', code: 50013 });
      expect(await refusal(exchange(ofApplication))).toEqual({
        ...{ status: 400, error: 'unauthorized_client', code: 7000114 },
      });
      expect(await refusal(exchange('nonsense'))).toMatchObject({ code: 50027 });
      expect(await refusal(exchange(assertion, { requested_token_use: undefined }))).toMatchObject({
        code: 900144,
      });
      elapsed = 3_600_000;
      expect(await refusal(exchange(assertion))).toEqual({
        status: 400,
        error: 'invalid_grant',
        code: 500133,
      });
    });

    it('asks for a person with claims, when a policy wants one', async () => {
      entra.signIns.refuse(omar.userPrincipalName, 50079);
      const response = await exchange(await personsToken());
      expect(response.json()).toMatchObject({
        error: 'interaction_required',
        error_codes: [50079],
        claims: expect.stringContaining('"access_token"'),
      });
      entra.signIns.refuse(omar.userPrincipalName, undefined);
      expect((await exchange(await personsToken())).status).toBe(200);
    });
  });

  describe('consent', () => {
    it('is needed for each scope', async () => {
      const token = entra.refreshTokens.issue();
      const ask = (scope: string) =>
        askForToken(entra, { grant_type: 'refresh_token', refresh_token: token, scope });
      for (const scope of [`${graph}/Mail.Read`, 'https://vault.azure.net/.default', `${postgres}/other`]) {
        expect(await refusal(ask(scope))).toEqual({ status: 400, error: 'invalid_grant', code: 65001 });
      }
      const { suberror, error_description: text } = (await ask('Mail.Read')).json<Record<string, string>>();
      expect(suberror).toBe('consent_required');
      expect(text).toContain(`with ID '${entra.client.clientId}' named 'notes-app'`);
    });

    it('is given by signing in', async () => {
      const scope = 'openid offline_access Mail.Read';
      const { refresh_token: refreshToken } = (await redeemCode(codeFor({ scope }))).json<Tokens>();
      const again = await askForToken(entra, {
        ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
        scope: `${graph}/.default`,
      });
      expect(again.json<Tokens>().scope).toBe(`${graph}/User.Read ${graph}/Mail.Read ${graph}/.default`);
    });

    it('concerns no API that the tenant does not know', async () => {
      const unknown = { status: 400, error: 'invalid_resource', code: 500011 };
      for (const scope of [
        'https://typo.example/.default',
        'api://nobody/.default',
        `${graph}/User.Read/.default`,
      ]) {
        expect(await refusal(askForToken(entra, { scope }))).toEqual(unknown);
      }
    });
  });

  it('userinfo tells who it is, to a token with openid only', async () => {
    const { userinfo_endpoint: url = '' } = (
      await shown(new URL(`${entra.authorityHost}/${entra.tenantId}/v2.0/.well-known/openid-configuration`))
    ).json<{ userinfo_endpoint: string }>();
    const { access_token: token, id_token: idToken } = (
      await redeemCode(codeFor({}, omar.userPrincipalName))
    ).json<Tokens>();
    const info = await send(entra, url, { headers: { authorization: `Bearer ${token}` } });
    expect(info.json()).toMatchObject({ sub: claimsOf(idToken).sub, name: omar.name, given_name: 'Omar' });
    const without = await accessToken(redeemCode(codeFor({ scope: 'User.Read' })));
    const refused = [undefined, 'nonsense', without].map((one) =>
      send(entra, url, one === undefined ? {} : { headers: { authorization: `Bearer ${one}` } }),
    );
    expect((await Promise.all(refused)).map(({ status }) => status)).toEqual([401, 401, 403]);
  });
});
