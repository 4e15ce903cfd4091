import { describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EntraAuthModule,
  EntraDataSourceHealthIndicator,
  EntraOptionsError,
  EntraTokenHealthIndicator,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  type EntraAuthModuleOptions,
  type EntraAuthOptionsFactory,
} from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FakeCredential } from '../../support/fake-credential.js';

const clock = new ManualClock();
const options = (): EntraAuthModuleOptions => ({
  credential: new FakeCredential(clock.now),
  resources: { graph: {} },
  clock,
});

@Injectable()
class OptionsFactory implements EntraAuthOptionsFactory {
  createEntraAuthOptions(): EntraAuthModuleOptions {
    return options();
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

const boot = async (...imports: (DynamicModule | (new () => object))[]): Promise<TestingModule> =>
  (await Test.createTestingModule({ imports }).compile()).init();

const waysToRegister: [string, () => DynamicModule][] = [
  ['forRoot', () => EntraAuthModule.forRoot(options())],
  ['forRootAsync with useFactory', () => EntraAuthModule.forRootAsync({ useFactory: options })],
  [
    'forRootAsync with an asynchronous useFactory, inject and imports',
    () =>
      EntraAuthModule.forRootAsync({
        imports: [OptionsModule],
        inject: [OptionsFactory],
        useFactory: async (factory: OptionsFactory) => Promise.resolve(factory.createEntraAuthOptions()),
      }),
  ],
  ['forRootAsync with useClass', () => EntraAuthModule.forRootAsync({ useClass: OptionsFactory })],
  [
    'forRootAsync with useExisting',
    () => EntraAuthModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
  ],
];

describe.each(waysToRegister)('EntraAuthModule.%s', (_, register) => {
  it('provides the token service, holding a token once the application has booted', async () => {
    const app = await boot(register());
    expect(app.get(EntraTokenService).state('graph')).toMatchObject([{ state: 'fresh' }]);
    await app.close();
  });

  it('provides everything else that it exports', async () => {
    const app = await boot(register());
    for (const provider of [
      EntraTypeOrmOptionsFactory,
      EntraTokenHealthIndicator,
      EntraDataSourceHealthIndicator,
    ]) {
      expect(app.get(provider)).toBeInstanceOf(provider);
    }
    await app.close();
  });
});

describe('EntraAuthModule', () => {
  @Injectable()
  class Consumer implements OnModuleInit {
    stateAtInit: string | undefined;
    constructor(readonly tokens: EntraTokenService) {}
    onModuleInit(): void {
      this.stateAtInit = this.tokens.state('graph')[0]?.state;
    }
  }

  @Module({ providers: [Consumer] })
  class FeatureModule {}

  it('is global by default, and ready before the modules that use it', async () => {
    const app = await boot(FeatureModule, EntraAuthModule.forRoot(options()));
    expect(app.get(Consumer, { strict: false }).stateAtInit).toBe('fresh');
    await app.close();
  });

  it('stays local when told so', async () => {
    const local = EntraAuthModule.forRoot({ ...options(), isGlobal: false });
    await expect(boot(FeatureModule, local)).rejects.toThrow(/EntraTokenService/);
  });

  it.each([
    ['forRoot', () => EntraAuthModule.forRoot({ cloud: 'mars' } as unknown as EntraAuthModuleOptions)],
    [
      'forRootAsync',
      () =>
        EntraAuthModule.forRootAsync({
          useFactory: () => ({ cloud: 'mars' }) as unknown as EntraAuthModuleOptions,
        }),
    ],
  ])('refuses wrong options at boot in the same way from %s', async (_, register) => {
    const error = await boot(register()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EntraOptionsError);
    expect((error as Error).message).toBe(
      'Invalid option "cloud": "mars". Give one of "public", "usgov", "china".',
    );
  });

  it.each<[string, string, () => unknown]>([
    ['forRoot() without options', 'options', () => EntraAuthModule.forRoot(undefined as never)],
    ['forRoot(null)', 'options', () => EntraAuthModule.forRoot(null as never)],
    [
      'an "isGlobal" that is not a boolean',
      'isGlobal',
      () => EntraAuthModule.forRoot({ isGlobal: 'no' } as never),
    ],
    [
      'the same with forRootAsync',
      'isGlobal',
      () => EntraAuthModule.forRootAsync({ useFactory: options, isGlobal: 1 } as never),
    ],
    ['forRootAsync() without anything', 'options', () => EntraAuthModule.forRootAsync(undefined as never)],
    ['forRootAsync({})', 'useFactory', () => EntraAuthModule.forRootAsync({})],
    [
      'a class that is not there yet',
      'useExisting',
      () => EntraAuthModule.forRootAsync({ useExisting: undefined }),
    ],
    [
      'options in place of their factory',
      'useFactory',
      () => EntraAuthModule.forRootAsync({ useFactory: options() } as never),
    ],
    ['the module without forRoot', 'options', () => EntraAuthModule],
  ])('tells what is wrong with %s', async (_, option, register) => {
    const error = await Promise.resolve()
      .then(() => boot(register() as Parameters<typeof boot>[0]))
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EntraOptionsError);
    expect(error).toMatchObject({ option, fix: expect.stringMatching(/^(Give|Import) /) as unknown });
  });

  it('names what an options factory returned in place of options', async () => {
    const nothing = EntraAuthModule.forRootAsync({
      useFactory: () => undefined as unknown as EntraAuthModuleOptions,
    });
    await expect(boot(nothing)).rejects.toThrow(/Invalid option "options": missing/);
  });

  it('does not boot without a token that it cannot get, and leaves nothing running', async () => {
    const credential = new FakeCredential(clock.now);
    credential.fail('AADSTS7000215: Invalid client secret provided.');
    const before = clock.pendingTimers;
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const error = await boot(EntraAuthModule.forRoot({ ...options(), credential })).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', resource: 'graph' });
    expect(clock.pendingTimers).toBe(before);
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
  });

  it('logs a failing refresh once, readably, without any secret', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const credential = new FakeCredential(clock.now);
    const app = await boot(EntraAuthModule.forRoot({ ...options(), credential }));
    credential.fail('connect ECONNREFUSED with client_secret=hunter2');
    await app
      .get(EntraTokenService)
      .refresh('graph')
      .catch(() => undefined);
    credential.fail('AADSTS7000222: expired');
    await app
      .get(EntraTokenService)
      .refresh('graph')
      .catch(() => undefined);
    await app.close();
    expect(warn.mock.calls.map(String)).toEqual([
      expect.stringMatching(/"graph".*ECONNREFUSED.*serves until.*Next attempt at/),
    ]);
    expect(error.mock.calls.map(String)).toEqual([
      expect.stringMatching(/AADSTS7000222.*create a new one/),
      expect.stringMatching(/^Entra refuses the client secret.*used for "graph"\. .*create a new one/),
    ]);
    expect(JSON.stringify([warn.mock.calls, error.mock.calls])).not.toContain('hunter2');
    warn.mockRestore();
    error.mockRestore();
  });
});

describe('next to ScheduleModule', () => {
  const fired = { cron: 0, interval: 0, timeout: 0 };

  @Injectable()
  class Jobs {
    @Cron('* * * * * *')
    everySecond(): void {
      fired.cron++;
    }

    @Interval(1_000)
    often(): void {
      fired.interval++;
    }

    @Timeout(1_000)
    once(): void {
      fired.timeout++;
    }
  }

  @Module({ imports: [ScheduleModule.forRoot()], providers: [Jobs] })
  class AppModule {}

  it('puts its timers into the registry of the application, and takes them away', async () => {
    const app = await boot(AppModule, EntraAuthModule.forRoot(options()));
    const registry = app.get(SchedulerRegistry, { strict: false });
    expect(registry.getTimeouts()).toContain('entra-token-refresh:graph');
    await app.close();
    expect(registry.getTimeouts()).toEqual([]);
  });

  it('leaves the application’s own jobs to fire once each', async () => {
    jest.useFakeTimers({
      now: Date.UTC(2026, 0, 1),
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'],
    });
    try {
      const app = await boot(AppModule, EntraAuthModule.forRoot({ ...options(), clock: undefined }));
      Object.assign(fired, { cron: 0, interval: 0, timeout: 0 });
      await jest.advanceTimersByTimeAsync(3_500);
      expect(fired).toEqual({ cron: 3, interval: 3, timeout: 1 });
      await app.close();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
