import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client, MiddlewareFactory } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { Controller, Get, Logger, Module, type INestApplication } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { EntraAuthModule, GraphChallengeHandler, parseClaimsChallenge } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import {
  EntraUserTokenService,
  OnBehalfOf,
  UserChallengeFilter,
  type UserTokenCredential,
} from 'nestjs-entra-auth/users';

import { trustingFetch } from '../../support/trusting-fetch.js';
import { assertionOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { userOptions } from '../../support/users/user-tokens.js';

let graphUrl = '';

@Controller()
class MeController {
  @Get('me')
  me(@OnBehalfOf() user: UserTokenCredential): Promise<unknown> {
    const authProvider = new TokenCredentialAuthenticationProvider(user, { scopes: ['User.Read'] });
    const customHosts = new Set([new URL(graphUrl).hostname]);
    return Client.initWithMiddleware({ authProvider, baseUrl: graphUrl, customHosts })
      .api('/me')
      .get() as Promise<unknown>;
  }

  @Get('me-with-challenges')
  meWithChallenges(@OnBehalfOf() user: UserTokenCredential): Promise<unknown> {
    const customHosts = new Set([new URL(graphUrl).hostname]);
    const scopes = ['https://graph.microsoft.com/.default'];
    const middleware = MiddlewareFactory.getDefaultMiddlewareChain(
      new TokenCredentialAuthenticationProvider(user, { scopes }),
    );
    middleware.splice(1, 0, new GraphChallengeHandler(user, 'cae'));
    const client = Client.initWithMiddleware({ middleware, baseUrl: graphUrl, customHosts });
    return client.api('/me').get() as Promise<unknown>;
  }

  @Get('token')
  async token(@OnBehalfOf() user: UserTokenCredential): Promise<unknown> {
    return { expires: (await user.getToken('graph')).expiresOnTimestamp };
  }

  /** As the Graph SDK throws it: for a job of a user who signed in, without a header. */
  @Get('swallowed')
  swallowed(): never {
    throw Object.assign(new Error(), { code: 'UserInteractionRequiredError' });
  }

  @Get('fault')
  fault(): never {
    throw new Error('of its own');
  }
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('an API on %s that calls Graph as its caller', (_, adapter) => {
  let entra: LocalEntra;
  let application: INestApplication;
  let url: string;
  let ada: Caller;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    graphUrl = entra.graphUrl;
    @Module({
      imports: [
        EntraAuthModule.forRoot({
          startup: 'lazy',
          users: userOptions(entra, {
            resources: {
              graph: { scopes: ['User.Read'] },
              cae: { scopes: ['https://graph.microsoft.com/.default'], enableCae: true },
            },
          }),
        }),
      ],
      controllers: [MeController],
      providers: [{ provide: APP_FILTER, useClass: UserChallengeFilter }],
    })
    class AppModule {}
    Logger.overrideLogger(false);
    application = await NestFactory.create(AppModule, adapter(), { logger: false });
    await application.listen(0, '127.0.0.1');
    url = await application.getUrl();
  });
  afterAll(async () => {
    await application?.close();
    await entra?.stop();
  });

  const realFetch = globalThis.fetch;
  beforeEach(() => {
    const trusting = trustingFetch(entra.certificateAuthority);
    jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation((input, init) =>
        new Request(input, init).url.startsWith(entra.graphUrl)
          ? trusting(input, init)
          : realFetch(input, init),
      );
    ada = makeCaller(1);
    entra.requests.reset();
  });
  afterEach(() => {
    if (entra.users.some(({ objectId }) => objectId === ada.objectId)) {
      entra.signIns.refuse(ada.objectId, undefined);
    }
    entra.graphAuthenticationContext = undefined;
    jest.restoreAllMocks();
  });

  const call = async (path: string, assertion?: string) => {
    const headers: Record<string, string> =
      assertion === undefined ? {} : { authorization: `Bearer ${assertion}` };
    const response = await realFetch(`${url}${path}`, { headers });
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body };
  };

  it('answers with what Graph tells of that caller, with one exchange for many calls', async () => {
    const assertion = assertionOf(entra, ada);
    for (let n = 0; n < 3; n++) {
      expect(await call('/me', assertion)).toMatchObject({ status: 200, body: { id: ada.objectId } });
    }
    expect(entra.requests.token).toBe(1);
    const ben = makeCaller(2);
    expect(await call('/me', assertionOf(entra, ben))).toMatchObject({ body: { id: ben.objectId } });
  });

  it.each([['/token'], ['/me']])(
    "hands Entra's claims to the front end from %s, also where the SDK swallows the error",
    async (path) => {
      const assertion = assertionOf(entra, ada);
      await call('/token', assertionOf(entra, ada));
      entra.signIns.refuse(ada.objectId, 50076);
      const { status, challenge, body } = await call(path, assertion);

      expect({ status, body }).toEqual({
        status: 401,
        body: { statusCode: 401, message: 'Unauthorized', error: 'insufficient_claims' },
      });
      expect(challenge).toMatch(
        `Bearer realm="${entra.tenantId}", authorization_uri="${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/authorize", client_id="${entra.client.clientId}", error="insufficient_claims", claims="`,
      );
      expect(JSON.parse(parseClaimsChallenge(challenge) ?? '')).toHaveProperty('access_token.capolids');
    },
  );

  it('hands on what Graph wants and Entra does not grant without the user', async () => {
    const assertion = assertionOf(entra, ada);
    expect(await call('/me-with-challenges', assertion)).toMatchObject({ status: 200 });
    entra.graphAuthenticationContext = 'c1';
    expect(await call('/me-with-challenges', assertion)).toMatchObject({
      status: 200,
      body: { id: ada.objectId },
    });
    entra.graphAuthenticationContext = 'c2';
    entra.signIns.refuse(ada.objectId, 50076);
    const { status, challenge } = await call('/me-with-challenges', assertion);
    expect(status).toBe(401);
    expect(parseClaimsChallenge(challenge)).toContain('capolids');
  });

  it('answers 401 to tokens that cannot be exchanged, without a request', async () => {
    const expired = assertionOf(entra, ada, { lifetimeInSeconds: -1 });
    for (const assertion of [
      undefined,
      'garbage',
      expired,
      entra.issueToken({ audience: entra.client.clientId }),
    ]) {
      const { status, challenge, body } = await call('/me', assertion);
      expect({ status, error: body['error'] }).toEqual({ status: 401, error: 'invalid_token' });
      expect(challenge).toContain('error="invalid_token"');
      expect(JSON.stringify(body)).not.toContain('eyJ');
    }
    expect(entra.requests.token).toBe(0);
  });

  it.each([[undefined], ['x'.repeat(12_000)]])(
    'asks for a sign-in where the SDK swallows the error, and no token tells of which user (%#)',
    async (assertion) => {
      expect(await call('/swallowed', assertion)).toEqual({
        status: 401,
        challenge: 'Bearer error="interaction_required"',
        body: { statusCode: 401, message: 'Unauthorized', error: 'interaction_required' },
      });
      const users = application.get(EntraUserTokenService);
      expect(users.interactionRequired('')).toBeUndefined();
      expect(users.interactionRequired('x'.repeat(40_000))).toBeUndefined();
    },
  );

  it('leaves other exceptions to the application', async () => {
    expect(await call('/fault')).toMatchObject({ status: 500, challenge: null });
  });

  it('injects the service everywhere', () => {
    expect(application.get(EntraUserTokenService).state()).toMatchObject({ pending: 0 });
  });
});

describe('an application without the option "users"', () => {
  it('is told so when it asks for the token of a user', async () => {
    @Module({ imports: [EntraAuthModule.forRoot({ startup: 'lazy' })] })
    class AppModule {}
    const context = await NestFactory.createApplicationContext(AppModule, { logger: false });
    expect(() => context.get(EntraUserTokenService).onBehalfOf('x')).toThrow(
      /Invalid option "users": missing/,
    );
    await context.close();
  });
});
