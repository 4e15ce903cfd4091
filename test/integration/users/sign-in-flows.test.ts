import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInResponse } from 'nestjs-entra-auth/users';
import * as openid from 'openid-client';

import { trustingFetch } from '../../support/trusting-fetch.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';
import { askForToken } from '../testing/local-entra.fixture.js';

const redirectUri = 'https://notes.example/signed-in';
const scope = 'openid profile offline_access User.Read Mail.Read';
const omar = { name: 'Omar Offen', userPrincipalName: 'omar@contoso.example' };

describe('a person who signed in, and a job that reads the mail', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let tokens: ReturnType<typeof startUserTokens>;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      clock,
      tokenLifetimeInSeconds: 3600,
      client: { redirectUris: [redirectUri] },
      additionalClients: [{ name: 'device', publicClient: true }],
      users: [omar],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    const resources = { graph: { scopes: ['User.Read', 'Mail.Read'] } };
    const signIns = { store: new MemorySignInStore() };
    tokens = startUserTokens(userOptions(entra, { resources, signIns }), { clock });
    const trusting = trustingFetch(entra.certificateAuthority);
    jest.spyOn(globalThis, 'fetch').mockImplementation((input, init) => trusting(input, init));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await tokens.stop();
  });

  /** By openid-client, which checks the ID token, over a transport that trusts the local Entra. */
  const signInWithCode = async (): Promise<SignInResponse> => {
    const { clientId, clientSecret } = entra.client;
    const fetchOf = async (url: string, options: openid.CustomFetchOptions): Promise<Response> => {
      if (!(options.body instanceof URLSearchParams)) return fetch(url);
      const form: Record<string, string | undefined> = {
        scope: undefined,
        ...Object.fromEntries(options.body),
      };
      const { status, body } = await askForToken(entra, form);
      return new Response(body, { status, headers: { 'content-type': 'application/json' } });
    };
    const issuer = new URL(`${entra.authorityHost}/${entra.tenantId}/v2.0`);
    const configuration = await openid.discovery(
      issuer,
      clientId,
      undefined,
      openid.ClientSecretPost(clientSecret),
      { [openid.customFetch]: fetchOf },
    );
    const verifier = openid.randomPKCECodeVerifier();
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope,
      state: 'a state',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const back = entra.signIns.authorize(url, omar.userPrincipalName);
    return openid.authorizationCodeGrant(configuration, back.url, {
      pkceCodeVerifier: verifier,
      expectedState: 'a state',
    });
  };

  const graphAs = (userKey: string): Client => {
    const user = tokens.service.forUser(userKey);
    const authProvider = new TokenCredentialAuthenticationProvider(user, {
      scopes: ['Mail.Read', 'User.Read'],
    });
    const customHosts = new Set([new URL(entra.graphUrl).hostname]);
    return Client.initWithMiddleware({ authProvider, baseUrl: entra.graphUrl, customHosts });
  };

  it('by a code with PKCE: the real SDK reads it with the token of the sign-in, and days later', async () => {
    await tokens.service.adopt('omar', await signInWithCode());
    entra.requests.reset();
    expect(await graphAs('omar').api('/me').get()).toMatchObject({ displayName: omar.name });
    expect(await graphAs('omar').api('/me/messages').get()).toMatchObject({ value: [] });
    expect(entra.requests.token).toBe(0);

    await clock.advance(30 * 24 * 3_600_000);
    expect(await graphAs('omar').api('/me').get()).toMatchObject({ displayName: omar.name });
    expect(entra.requests.token).toBe(1);
  });

  it('by a device code, whose response is adopted as it was received', async () => {
    const clientId = entra.client.clientId;
    const device = `${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/devicecode`;
    const asked = await postForm(device, { client_id: clientId, scope });
    const { device_code: deviceCode, user_code: userCode } = asked as Record<string, string>;
    entra.signIns.enterCode(userCode ?? '', omar.userPrincipalName);
    const response = await askForToken(entra, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: deviceCode,
      scope: undefined,
    });
    await tokens.service.adopt('omar', response.json<SignInResponse>());
    expect(await graphAs('omar').api('/me').get()).toMatchObject({ displayName: omar.name });
  });

  async function postForm(url: string, form: Record<string, string>): Promise<unknown> {
    const { send } = await import('../testing/local-entra.fixture.js');
    const body = new URLSearchParams(form).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return (await send(entra, url, { method: 'POST', body, headers })).json();
  }
});
