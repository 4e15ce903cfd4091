import { describe, expect, it, jest } from '@jest/globals';
import {
  isEntraAuthError,
  TokenUnavailableError,
  type EntraTokenService,
  type TokenEvent,
} from 'nestjs-entra-auth';
import { fakeEntraTokens, ManualClock } from 'nestjs-entra-auth/testing';

const hour = 3_600_000;

function setUp(values: Parameters<typeof fakeEntraTokens>[0] = { graph: (count) => `token-${count}` }) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const fake = fakeEntraTokens(values, { clock });
  // The type of the library, without a cast.
  const service: EntraTokenService = fake;
  const types: string[] = [];
  service.events.subscribe((event: TokenEvent) => types.push(event.type));
  const token = async () => (await service.getToken('graph')).token;
  const stateName = () => service.state('graph')[0]?.state;
  return { clock, fake, service, types, token, stateName };
}

describe('fakeEntraTokens', () => {
  it('is an EntraTokenService that hands out what it was given, by name and by scopes', async () => {
    const { service } = setUp({ graph: 'token', 'api://orders/.default': 'orders' });
    await service.onModuleInit();
    await expect(service.getToken('graph')).resolves.toMatchObject({ token: 'token' });
    await expect(service.getToken(['https://graph.microsoft.com/.default'])).resolves.toMatchObject({
      token: 'token',
    });
    await expect(service.getToken('api://orders/.default', { enableCae: true })).resolves.toMatchObject({
      token: 'orders',
    });
    await expect(service.passwordProvider('graph')()).resolves.toBe('token');
  });

  it('refuses what it was not given, as the service does', async () => {
    const { service } = setUp();
    const error = await service.getToken('postgres').catch((reason: unknown) => reason);
    expect(isEntraAuthError(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'UnknownResourceError',
      code: 'ENTRA_RESOURCE_UNKNOWN',
      retryable: false,
    });
    expect(() => service.passwordProvider()).toThrow('Unknown resource "postgres" (faked: "graph")');
    expect(() => service.state('vault')).toThrow('Unknown resource "vault"');
  });

  it('renews at half of the life and after the end, with no timer of its own', async () => {
    const { clock, types, token, stateName } = setUp();
    expect(stateName()).toBe('pending');
    expect(await token()).toBe('token-1');
    await clock.advance(hour / 2 - 1);
    expect(await token()).toBe('token-1');
    await clock.advance(1);
    expect(await token()).toBe('token-2');
    await clock.advance(2 * hour);
    expect(await token()).toBe('token-3');
    expect(types).toEqual(['acquired', 'refreshed', 'refreshed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('serves the held token while attempts fail, fails once it has expired, and recovers', async () => {
    const { fake, service, types, token, stateName } = setUp();
    await token();
    fake.fail('graph');
    expect(await token()).toBe('token-1');
    expect(stateName()).toBe('degraded');
    await expect(service.refresh('graph')).rejects.toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });

    fake.expire('graph');
    expect(stateName()).toBe('expired');
    const error = await token().catch((reason: unknown) => reason);
    expect(isEntraAuthError(error)).toBe(true);
    expect(error).toMatchObject({ name: 'TokenUnavailableError', retryable: true, resource: 'graph' });
    expect(service.state()[0]).toMatchObject({
      failures: 3,
      consecutiveFailures: 3,
      remedy: expect.any(String),
    });

    fake.recover();
    expect(await token()).toBe('token-2');
    expect(stateName()).toBe('fresh');
    expect(service.state()[0]).toMatchObject({ failures: 3, consecutiveFailures: 0 });
    expect(service.state()[0]).not.toHaveProperty('lastError');
    expect(types).toEqual([
      ...['acquired', 'refresh-failed', 'refresh-failed', 'expired', 'refresh-failed'],
      ...['refreshed', 'recovered'],
    ]);
  });

  it('fails with the error of the test, and at boot', async () => {
    const { fake, service } = setUp();
    const error = new TokenUnavailableError('graph', {
      problem: 'Down.',
      fix: 'Wait.',
      retryable: true,
    });
    fake.fail('graph', error);
    await expect(service.onModuleInit()).rejects.toBe(error);
    await expect(service.getToken('graph')).rejects.toBeInstanceOf(TokenUnavailableError);
  });

  it('gets another token without a failure when the held one expires and nothing fails', async () => {
    const { fake, token } = setUp();
    await token();
    fake.expire();
    expect(await token()).toBe('token-2');
  });

  it('replaces a rejected token, and keeps it where there is none', async () => {
    const { fake, service, types, token, stateName } = setUp();
    service.invalidate(await token());
    expect(await token()).toBe('token-2');
    service.invalidate('token-1');
    expect(await token()).toBe('token-2');
    fake.fail();
    service.invalidate({ token: 'token-2', expiresOnTimestamp: 0 });
    expect([await token(), stateName()]).toEqual(['token-2', 'degraded']);
    expect(types).toEqual([
      ...['acquired', 'rejected', 'refreshed'],
      ...['refresh-failed', 'rejected', 'refresh-failed'],
    ]);
  });

  it('follows the fake timers of the test runner', async () => {
    jest.useFakeTimers();
    try {
      const tokens = fakeEntraTokens({ graph: (count) => `token-${count}` }, { lifetimeInSeconds: 60 });
      await tokens.getToken('graph');
      jest.advanceTimersByTime(30_000);
      await expect(tokens.getToken('graph')).resolves.toMatchObject({ token: 'token-2' });
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('notes refused logins, and completes its events at shutdown', async () => {
    const { fake, service } = setUp();
    const error = new TokenUnavailableError('graph', { problem: 'No.', fix: 'Look.', retryable: false });
    service.reportRefusedLogin('graph', error);
    expect(fake.refusedLogins).toEqual([{ resource: 'graph', error }]);
    const done = new Promise<void>((resolve) => service.events.subscribe({ complete: resolve }));
    await service.onApplicationShutdown();
    await done;
  });
});
