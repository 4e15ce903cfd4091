import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createParamDecorator,
  Logger,
  Module,
  UseFilters,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { EntraAuthModule, parseClaimsChallenge } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import {
  EntraUserTokenService,
  OnBehalfOfPipe,
  UserChallengeFilter,
  type UserTokenCredential,
} from 'nestjs-entra-auth/users';

import { assertionOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { userOptions } from '../../support/users/user-tokens.js';
import {
  connectSocketIo,
  connectWebSocket,
  type Message,
  type WebSocketClient,
} from '../../support/web-socket-clients.js';

interface Asked {
  token: string;
}

/** The `Authorization` header by which a client of Socket.IO has connected; a plain WebSocket does not keep it. */
const HandshakeHeader = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const client = context.switchToWs().getClient<{ handshake?: { headers: Record<string, unknown> } }>();
  return client.handshake?.headers['authorization'];
});

@WebSocketGateway()
@UseFilters(UserChallengeFilter)
class MailGateway {
  constructor(private readonly users: EntraUserTokenService) {}

  @SubscribeMessage('mail')
  async mail(@MessageBody() { token }: Asked): Promise<Message> {
    const { expiresOnTimestamp } = await this.users.onBehalfOf(token).getToken('graph');
    return { event: 'mail', data: expiresOnTimestamp };
  }

  @SubscribeMessage('mail-of-handshake')
  async mailOfHandshake(@HandshakeHeader(OnBehalfOfPipe) user: UserTokenCredential): Promise<Message> {
    await user.getToken('graph');
    return { event: 'mail-of-handshake', data: true };
  }

  /** As the Graph SDK throws it. */
  @SubscribeMessage('swallowed')
  swallowed(): never {
    throw Object.assign(new Error(), { code: 'UserInteractionRequiredError' });
  }

  @SubscribeMessage('fault')
  fault(): never {
    throw new Error('of its own');
  }
}

@WebSocketGateway()
class UnfilteredGateway {
  constructor(private readonly users: EntraUserTokenService) {}

  @SubscribeMessage('unfiltered')
  async mail(@MessageBody() { token }: Asked): Promise<void> {
    await this.users.onBehalfOf(token).getToken('graph');
  }
}

describe.each([
  {
    transport: 'Socket.IO',
    adapter: (application: INestApplication) => new IoAdapter(application),
    connect: connectSocketIo,
    keepsHandshake: true,
  },
  {
    transport: '`ws`',
    adapter: (application: INestApplication) => new WsAdapter(application),
    connect: connectWebSocket,
    keepsHandshake: false,
  },
])('a gateway on $transport that calls Graph as its caller', ({ adapter, connect, keepsHandshake }) => {
  let entra: LocalEntra;
  let application: INestApplication;
  let ada: Caller;
  let assertion: string;
  let client: WebSocketClient;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    @Module({
      imports: [EntraAuthModule.forRoot({ startup: 'lazy', users: userOptions(entra) })],
      providers: [MailGateway, UnfilteredGateway, { provide: APP_FILTER, useClass: UserChallengeFilter }],
    })
    class AppModule {}
    Logger.overrideLogger(false);
    application = await NestFactory.create(AppModule, { logger: false });
    application.useWebSocketAdapter(adapter(application));
    await application.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await application?.close();
    await entra?.stop();
  });
  beforeEach(async () => {
    ada = makeCaller(1);
    assertion = assertionOf(entra, ada);
    client = await connect(await application.getUrl(), assertion);
    entra.requests.reset();
  });
  afterEach(() => client.close());

  /** What the application answers while Entra wants another factor of the caller. */
  const askDuringRefusal = async (event: string): Promise<Message> => {
    await client.ask('mail', { token: assertion });
    entra.signIns.refuse(ada.objectId, 50076);
    assertion = assertionOf(entra, ada);
    const answer = await client.ask(event, { token: assertion });
    entra.signIns.refuse(ada.objectId, undefined);
    return answer;
  };

  it("hands Entra's claims to the client, with the name of the message, and serves it again on the same connection", async () => {
    const answer = await askDuringRefusal('mail');
    expect(answer).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        message: 'Unauthorized',
        error: 'insufficient_claims',
        wwwAuthenticate: expect.stringContaining('error="insufficient_claims", claims="') as unknown,
        cause: { pattern: 'mail' },
      },
    });
    const { wwwAuthenticate } = answer.data as { wwwAuthenticate: string };
    expect(JSON.parse(parseClaimsChallenge(wwwAuthenticate) ?? '')).toHaveProperty('access_token.capolids');
    expect(JSON.stringify(answer)).not.toContain(assertion);

    const token = assertionOf(entra, ada);
    expect(await client.ask('mail', { token })).toMatchObject({ event: 'mail' });
  });

  it('refuses a token that cannot be exchanged, without a request', async () => {
    const expired = assertionOf(entra, ada, { lifetimeInSeconds: -1 });
    for (const token of ['garbage', expired]) {
      expect(await client.ask('mail', { token })).toMatchObject({
        event: 'exception',
        data: { error: 'invalid_token', cause: { pattern: 'mail' } },
      });
    }
    expect(entra.requests.token).toBe(0);
  });

  it('takes the credential of the handshake where the client keeps it', async () => {
    expect(await client.ask('mail-of-handshake', {})).toMatchObject(
      keepsHandshake
        ? { event: 'mail-of-handshake', data: true }
        : { event: 'exception', data: { error: 'invalid_token' } },
    );
  });

  it('finds the claims that an SDK swallowed by the token of the handshake, and asks for a sign-in without', async () => {
    const ofHandshake = assertion;
    await client.ask('mail', { token: assertionOf(entra, ada) });
    entra.signIns.refuse(ada.objectId, 50076);
    await client.ask('mail', { token: ofHandshake });
    entra.signIns.refuse(ada.objectId, undefined);

    const error = keepsHandshake ? 'insufficient_claims' : 'interaction_required';
    expect(await client.ask('swallowed', {})).toMatchObject({
      event: 'exception',
      data: { error, wwwAuthenticate: expect.stringContaining(`error="${error}"`) as unknown },
    });
  });

  it('leaves other exceptions to Nest', async () => {
    expect(await client.ask('fault', {})).toMatchObject({
      event: 'exception',
      data: { message: 'Internal server error' },
    });
  });

  it('answers for a gateway with `@UseFilters()` only: Nest applies no `APP_FILTER`, and sends the message back', async () => {
    expect(await askDuringRefusal('unfiltered')).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        message: 'Internal server error',
        cause: { pattern: 'unfiltered', data: { token: assertion } },
      },
    });
  });
});
