import type { AddressInfo, Server } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module, type ArgumentsHost, type INestMicroservice } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { EntraAuthModule } from 'nestjs-entra-auth';
import {
  EntraUserTokenService,
  OnBehalfOf,
  UserChallengeFilter,
  type UserTokenCredential,
} from 'nestjs-entra-auth/users';
import { firstValueFrom, timeout } from 'rxjs';

@Controller()
class MailController {
  constructor(private readonly users: EntraUserTokenService) {}

  @MessagePattern('mail')
  mail({ token }: { token: string }): Promise<unknown> {
    return this.users.onBehalfOf(token).getToken('graph');
  }

  @MessagePattern('decorated')
  decorated(@OnBehalfOf() user: UserTokenCredential): Promise<unknown> {
    return user.getToken('graph');
  }
}

@Module({
  imports: [
    EntraAuthModule.forRoot({
      startup: 'lazy',
      users: {
        client: {
          tenantId: 'contoso.onmicrosoft.com',
          clientId: '00001111-aaaa-2222-bbbb-3333cccc4444',
          clientSecret: 'a secret',
        },
      },
    }),
  ],
  controllers: [MailController],
  providers: [UserChallengeFilter, { provide: APP_FILTER, useExisting: UserChallengeFilter }],
})
class AppModule {}

const challenge = {
  status: 'error',
  message: 'Unauthorized',
  error: 'invalid_token',
  wwwAuthenticate: expect.stringMatching(/^Bearer realm="contoso.*error="invalid_token"$/) as unknown,
};

const failureOf = (call: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(call)
    .catch((error: unknown) => error);

describe('a microservice with `UserChallengeFilter`', () => {
  let application: INestMicroservice;
  let client: ClientProxy;

  beforeAll(async () => {
    application = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
      logger: false,
    });
    await application.listen();
    const { port } = application.unwrap<Server>().address() as AddressInfo;
    client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  });
  afterAll(async () => {
    await client.close();
    await application.close();
  });

  const ask = (pattern: string): Promise<unknown> =>
    firstValueFrom(client.send<unknown>(pattern, { token: 'garbage' }).pipe(timeout(10_000)));

  it('answers a message with the challenge', async () => {
    await expect(ask('mail')).rejects.toEqual(challenge);
  });

  it('is told how to do without `@OnBehalfOf()`, which reads a header', async () => {
    await expect(ask('decorated')).rejects.toMatchObject({ message: 'Internal server error' });
  });

  it('gives a query of GraphQL an error with the challenge in its extensions, and no more of what failed', async () => {
    const filter = application.get(UserChallengeFilter);
    const error = await failureOf(() => application.get(EntraUserTokenService).onBehalfOf('garbage'));
    const graphql = { getType: () => 'graphql', getArgByIndex: () => undefined } as unknown as ArgumentsHost;
    const thrown = await failureOf(() => filter.catch(error, graphql));
    const { wwwAuthenticate } = challenge;
    expect(thrown).toMatchObject({
      message: 'Unauthorized',
      extensions: { code: 'UNAUTHENTICATED', error: 'invalid_token', wwwAuthenticate },
      cause: error,
    });
    expect(Object.keys(thrown as Error)).toEqual(['extensions']);
  });

  it('throws the exception again in a context that it does not know', () => {
    const error = new Error('a challenge');
    const host = { getType: () => 'telegram' } as unknown as ArgumentsHost;
    expect(() => application.get(UserChallengeFilter).catch(error, host)).toThrow(error);
  });
});
