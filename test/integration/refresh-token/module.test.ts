import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EntraAuthModule,
  EntraTokenHealthIndicator,
  EntraTokenService,
  MemoryRefreshTokenStore,
  RefreshTokenCredential,
  type RefreshTokenCredentialOptions,
  type TokenEvent,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { eventTypes } from '../../support/engine.js';
import { eventually } from '../../support/eventually.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { SecretScan } from '../../support/secret-scan.js';

const scope = 'https://graph.microsoft.com/.default';
const minute = 60_000;
const startedAt = Date.now();
let clock: ManualClock;
let entra: LocalEntra;
let store: MemoryRefreshTokenStore;
let scan: SecretScan;

beforeAll(async () => {
  entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600, clock: { now: () => clock.now() } });
});
afterAll(() => entra.stop());
beforeEach(() => {
  clock = new ManualClock(startedAt);
  entra.refreshTokens.rotation = 'strict';
  entra.requests.reset();
  store = new MemoryRefreshTokenStore();
  scan = new SecretScan({ 'client secret': entra.client.clientSecret });
});
afterEach(async () => {
  await entra.faults.clear();
  expect(scan.leaks()).toEqual([]);
});

/** A refresh token of a new sign-in, looked for in whatever comes to light. */
function signIn(): string {
  const token = entra.refreshTokens.issue({ scopes: ['openid', 'offline_access', scope] });
  scan.protect({ [`refresh token ${token.length} ${Math.random()}`]: token });
  return token;
}

function credentialWith(options: Partial<RefreshTokenCredentialOptions> = {}): RefreshTokenCredential {
  const { tenantId, clientId, clientSecret } = entra.client;
  const { authorityHost, certificateAuthority } = entra;
  return new RefreshTokenCredential({
    ...{ tenantId, clientId, clientSecret, authorityHost, certificateAuthority, store, clock },
    ...options,
  });
}

async function until(condition: () => boolean): Promise<void> {
  await eventually(condition);
  expect(condition()).toBe(true);
}

async function put(refreshToken: string): Promise<void> {
  const version = (await store.load())?.version;
  await store.save({ refreshToken, obtainedOnTimestamp: clock.now() }, version);
}

describe('in an application', () => {
  let app: TestingModule;
  let tokens: EntraTokenService;
  let events: TokenEvent[];

  async function boot(credential: RefreshTokenCredential): Promise<void> {
    app = await Test.createTestingModule({
      imports: [EntraAuthModule.forRoot({ clock, resources: { graph: { scopes: scope, credential } } })],
    }).compile();
    events = [];
    tokens = app.get(EntraTokenService);
    tokens.events.subscribe((event) => events.push(event));
    await app.init();
  }

  /**
   * Lets an attempt happen that is due by then. No timer fires, since the deadline of a request would fire with it; the
   * next use starts the attempt instead.
   */
  async function attemptAfter(durationInMs: number): Promise<void> {
    const attempts = () =>
      tokens.state('graph').map(({ refreshes, failures }) => refreshes + failures)[0] ?? 0;
    const before = attempts();
    clock.jump(durationInMs);
    tokens.getToken('graph').catch(() => undefined);
    await until(() => attempts() > before);
  }

  const health = () => app.get(EntraTokenHealthIndicator).isHealthy('entra').entra;

  afterEach(async () => {
    scan.value('events', events);
    scan.value('states', tokens.state());
    await app.close();
    jest.restoreAllMocks();
  });

  it('keeps a token fresh, redeems each refresh token once, and shows its state', async () => {
    await boot(credentialWith({ refreshToken: signIn() }));
    const first = await tokens.getToken('graph');
    expect(entra.verifyToken(first.token, { audience: 'https://graph.microsoft.com' })).toBeDefined();
    for (let round = 2; round <= 6; round++) {
      await attemptAfter(31 * minute);
      expect(tokens.state('graph')).toMatchObject([{ state: 'fresh', refreshes: round }]);
    }
    expect((await tokens.getToken('graph')).token).not.toBe(first.token);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
    expect(health()).toMatchObject({
      status: 'up',
      tokens: [{ state: 'fresh', credential: { name: 'ready', obtainedOn: new Date(clock.now()) } }],
    });
  });

  it('reports the remedy when the grant is revoked, serves on, and recovers with what an operator stores', async () => {
    const lines: string[] = [];
    for (const level of ['error', 'warn', 'log'] as const) {
      jest
        .spyOn(Logger.prototype, level)
        .mockImplementation((line: unknown) => void lines.push(String(line)));
    }
    await boot(credentialWith({ refreshToken: signIn() }));
    const held = await tokens.getToken('graph');
    entra.refreshTokens.revoke((await store.load())?.value.refreshToken ?? '');
    await attemptAfter(31 * minute);

    expect((await tokens.getToken('graph')).token).toBe(held.token);
    expect(health()).toMatchObject({
      status: 'up',
      tokens: [
        {
          state: 'reauthentication-required',
          credential: {
            name: 'reauthentication-required',
            fix: expect.stringMatching(/Sign in again/) as unknown,
          },
        },
      ],
    });
    await attemptAfter(6 * minute);
    expect(tokens.state('graph')).toMatchObject([{ consecutiveFailures: 2 }]);
    expect(eventTypes(events).filter((type) => type === 'reauthentication-required')).toHaveLength(1);
    expect(events.find(({ type }) => type === 'refresh-failed')).toMatchObject({
      error: { aadsts: 50173, retryable: false },
    });
    expect(
      lines.filter((line) => /access token of "graph" cannot be replaced without a new sign-in/.test(line)),
    ).toHaveLength(1);

    await put(signIn());
    await attemptAfter(6 * minute);
    expect(eventTypes(events)).toContain('recovered');
    expect(health()).toMatchObject({ status: 'up', tokens: [{ credential: { name: 'ready' } }] });
    scan.text('log', lines.join('\n'));
  });

  it('is down when the held token ends before the user signs in', async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    await boot(credentialWith({ refreshToken: signIn() }));
    entra.refreshTokens.expire((await store.load())?.value.refreshToken ?? '');
    await attemptAfter(61 * minute);
    expect(health()).toMatchObject({
      status: 'down',
      tokens: [{ state: 'expired', credential: { name: 'reauthentication-required' } }],
    });
  });

  it('stores at shutdown what could not be stored before', async () => {
    const faulty = new FaultyStore();
    faulty.saveFault = new Error('the disk is full');
    await boot(credentialWith({ refreshToken: signIn(), store: faulty }));
    await tokens.getToken('graph');
    expect(tokens.state('graph')).toMatchObject([{ state: 'degraded', credential: { name: 'degraded' } }]);

    faulty.saveFault = undefined;
    await app.close();

    const stored = await faulty.inner.load();
    expect(entra.refreshTokens.accepts(stored?.value.refreshToken ?? '')).toBe(true);
  });

  it('keeps status and Retry-After of a failed request', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await boot(credentialWith({ refreshToken: signIn() }));
    await entra.faults.set('token', { kind: 'http-status', status: 429, retryAfter: 120 });
    await attemptAfter(31 * minute);
    expect(events.find(({ type }) => type === 'refresh-failed')).toMatchObject({
      error: { statusCode: 429, retryAfterInMs: 120_000, retryable: true },
    });
  });
});

describe('outside an application', () => {
  it.each([['v2.0'], ['v1.0']] as const)(
    'reads the whole response of version %s',
    async (endpointVersion) => {
      const credential = credentialWith({ refreshToken: signIn(), endpointVersion });
      const response = await credential.redeem({ scopes: [scope, 'openid'] });
      expect(response).toMatchObject({
        tokenType: 'Bearer',
        expiresIn: 3600,
        extExpiresIn: 3600,
        expiresOnTimestamp: clock.now() + 3_600_000,
      });
      expect(entra.refreshTokens.accepts(response.refreshToken ?? '')).toBe(true);
      expect(response.idToken).toMatch(/^eyJ/);
      if (endpointVersion === 'v1.0') {
        expect(response).toMatchObject({
          resource: 'https://graph.microsoft.com',
          expiresOn: expect.any(Number) as unknown,
          notBefore: expect.any(Number) as unknown,
        });
      }
      scan.value('response', response);
    },
  );

  it('keeps one grant alive for three replicas that share a store', async () => {
    await put(signIn());
    const replicas = [credentialWith(), credentialWith(), credentialWith()];
    for (let round = 1; round <= 4; round++) {
      const held = await Promise.all(replicas.map((replica) => replica.getToken(scope)));
      expect(new Set(held.map(({ token }) => token)).size).toBe(1);
      expect(entra.refreshTokens.redemptions).toBeGreaterThan(0);
      clock.jump(29 * minute);
    }
    expect(entra.requests.token).toBe(4);
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
  });

  it.each([
    ['cut-in-body', true],
    ['invalid-json', true],
  ] as const)(
    'does not lose the refresh token to %s where the old one stays valid',
    async (kind, retryable) => {
      entra.refreshTokens.rotation = 'keep';
      const credential = credentialWith({ refreshToken: signIn() });
      await entra.faults.set('token', { kind });
      await expect(credential.getToken(scope)).rejects.toMatchObject({ retryable });
      await entra.faults.clear();
      await expect(credential.getToken(scope)).resolves.toMatchObject({ tokenType: 'Bearer' });
    },
  );

  it('takes numbers that come as strings', async () => {
    await entra.faults.set('token', { kind: 'string-numbers' });
    const response = await credentialWith({ refreshToken: signIn() }).redeem({ scopes: scope });
    expect(response.expiresIn).toBe(3600);
  });

  it('hands out an unverified id_token, and the new refresh token with it', async () => {
    await entra.faults.set('token', { kind: 'mismatched-id-token', wrong: 'signature' });
    const response = await credentialWith({ refreshToken: signIn() }).redeem({ scopes: [scope, 'openid'] });
    expect(response.idToken).toBeDefined();
    expect((await store.load())?.value.refreshToken).toBe(response.refreshToken);
  });
});
