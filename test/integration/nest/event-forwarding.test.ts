import { Injectable, Logger, Module } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EntraAuthModule, EntraTokenService, type TokenEvent } from 'nestjs-entra-auth';
import { EntraUserTokenService, MemorySignInStore } from 'nestjs-entra-auth/users';
import { Subject } from 'rxjs';

import { EventForwarding } from '../../../lib/nest/event-forwarding.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FakeCredential } from '../../support/fake-credential.js';

const hour = 3_600_000;

@Injectable()
class Listener {
  readonly heard: [string, TokenEvent][] = [];

  @OnEvent('entra.acquired')
  onAcquired(event: TokenEvent): void {
    this.heard.push(['entra.acquired', event]);
  }

  @OnEvent('entra.refresh-failed')
  onFailed(event: TokenEvent): void {
    this.heard.push(['entra.refresh-failed', event]);
  }
}

@Module({ providers: [Listener] })
class ListenerModule {}

async function boot(imports: unknown[]) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const credential = new FakeCredential(clock.now);
  const testing = await Test.createTestingModule({
    imports: [
      EntraAuthModule.forRoot({ credential, clock, resources: { graph: {} } }),
      ...(imports as never[]),
      ListenerModule,
    ],
  }).compile();
  const app = await testing.init();
  return { app, clock, credential };
}

describe('an application with @nestjs/event-emitter', () => {
  it('gets each event as "entra.<type>", those of the boot included', async () => {
    const { app, clock, credential } = await boot([EventEmitterModule.forRoot()]);
    const { heard } = app.get(Listener);
    expect(heard).toEqual([
      ['entra.acquired', expect.objectContaining({ type: 'acquired', resource: 'graph' })],
    ]);
    credential.fail();
    await clock.advance(0.6 * hour);
    expect(heard.map(([name]) => name)).toContain('entra.refresh-failed');
    await app.close();
  });

  it('gets the events of users too', async () => {
    const testing = await Test.createTestingModule({
      imports: [
        EventEmitterModule.forRoot(),
        EntraAuthModule.forRoot({
          startup: 'lazy',
          users: {
            client: {
              tenantId: 'contoso.example',
              clientId: '00001111-aaaa-2222-bbbb-3333cccc4444',
              clientAssertion: () => Promise.reject(new Error('the signer is gone')),
            },
            signIns: { store: new MemorySignInStore() },
          },
        }),
      ],
    }).compile();
    const app = await testing.init();
    const heard: unknown[] = [];
    app.get(EventEmitter2).on('entra.user-token-failed', (event: unknown) => heard.push(event));
    const users = app.get(EntraUserTokenService);
    await users.adopt('ada', { refresh_token: 'of-ada' });
    await expect(users.forUser('ada').getToken('User.Read')).rejects.toThrow(/the signer is gone/);
    expect(heard).toMatchObject([{ type: 'user-token-failed', userKey: 'ada', resource: 'User.Read' }]);
    await app.close();
  });

  it('keeps its tokens fresh when a listener throws', async () => {
    const { app, clock } = await boot([EventEmitterModule.forRoot({ wildcard: true })]);
    const emitter = app.get(EventEmitter2);
    const types: string[] = [];
    emitter.on('entra.*', ({ type }: TokenEvent) => {
      types.push(type);
      throw new Error('from the listener');
    });
    await clock.advance(2 * hour);
    expect(types.length).toBeGreaterThan(2);
    expect(app.get(EntraTokenService).state('graph')[0]?.state).toBe('fresh');
    await app.close();
  });
});

describe('EventForwarding', () => {
  it('keeps the first thousand events of a boot that goes on and on', async () => {
    const testing = await Test.createTestingModule({ imports: [EventEmitterModule.forRoot()] }).compile();
    const app = await testing.init();
    const events = new Subject<TokenEvent>();
    const forwarding = new EventForwarding(app.get(ModulesContainer), events, new Logger());
    const heard: string[] = [];
    app.get(EventEmitter2).on('entra.acquired', ({ resource }: TokenEvent) => heard.push(resource));
    const emit = (n: number): void => events.next({ type: 'acquired', resource: `${n}` } as TokenEvent);
    for (let n = 0; n < 1_500; n++) emit(n);
    forwarding.onApplicationBootstrap();
    await new Promise(setImmediate);
    emit(1_500);

    expect(heard).toEqual([...Array(1_000).keys(), 1_500].map(String));
    await app.close();
  });
});

describe('an application without @nestjs/event-emitter', () => {
  it('boots, and no event waits for a listener that never comes', async () => {
    const { app, clock } = await boot([]);
    await clock.advance(hour);
    expect(app.get(EntraTokenService).state('graph')[0]?.refreshes).toBeGreaterThan(1);
    await app.close();
  });
});

Logger.overrideLogger(false);
