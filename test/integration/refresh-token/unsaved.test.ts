import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EntraAuthModule,
  EntraTokenHealthIndicator,
  EntraTokenService,
  RefreshTokenCredential,
  type RefreshTokenStore,
  type TokenEvent,
} from 'nestjs-entra-auth';

import { CredentialProvider } from '../../../lib/credential/credential-provider.js';
import { flushCredentials } from '../../../lib/credential/flush-credentials.js';
import { CredentialWatch } from '../../../lib/engine/credential-watch.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';

const graph = 'https://graph.microsoft.com/.default';
let server: ScriptedTokenServer;
let clock: ManualClock;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  clock = new ManualClock(Date.UTC(2026, 0, 1));
});

const readOnly = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.reject(Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })),
  exclusive: (work: (access: RefreshTokenStore) => Promise<unknown>) => work(readOnly),
} as unknown as RefreshTokenStore;

const credentialWith = (store?: RefreshTokenStore) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: 'first',
    clock,
    ...(store === undefined ? {} : { store }),
  });

describe('a store that cannot be written', () => {
  let app: TestingModule;
  let lines: string[];
  beforeEach(() => {
    lines = [];
    jest
      .spyOn(Logger.prototype, 'error')
      .mockImplementation((line: unknown) => void lines.push(String(line)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is an event and a line at once, a detail of the health, and an error at shutdown', async () => {
    const credential = credentialWith(readOnly);
    app = await Test.createTestingModule({
      imports: [EntraAuthModule.forRoot({ clock, resources: { graph: { credential } }, startup: 'lazy' })],
    }).compile();
    await app.init();
    const events: TokenEvent[] = [];
    app.get(EntraTokenService).events.subscribe((event) => void events.push(event));
    await app.get(EntraTokenService).getToken('graph');
    const types = events.map(({ type }) => type).filter((type) => type !== 'clock-skew');
    expect(types).toEqual(['acquired', 'credential-degraded']);
    expect(lines).toEqual([expect.stringMatching(/"graph".*could not be stored.*EROFS.*Do not restart/)]);
    expect(JSON.stringify(app.get(EntraTokenHealthIndicator).isHealthy('entra'))).toContain('EROFS');
    await app.close();
    expect(events.at(-1)).toMatchObject({
      type: 'refresh-token-lost',
      resource: 'graph',
      problem: expect.stringContaining('EROFS'),
    });
    expect(lines).toHaveLength(2);
    expect(JSON.stringify([events, lines])).not.toContain('refresh-1');
  });

  it('is a process warning when a credential is closed without an application', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const credential = credentialWith(readOnly);
    await credential.getToken(graph);
    await credential.close();
    expect(warned.mock.calls).toEqual([
      [expect.stringMatching(/could not be stored.*EROFS/), 'EntraAuthWarning'],
    ]);
    const good = credentialWith();
    await good.getToken(graph);
    await good.close();
    expect(warned).toHaveBeenCalledTimes(1);
  });
});

describe('CredentialWatch', () => {
  it('tells at once, then once an hour, and of the recovery once', () => {
    const watch = new CredentialWatch();
    let name = 'ready';
    const state = () => ({ name, obtainedOn: null, expiresBy: null, problem: 'p', fix: 'f' });
    const credential = new CredentialProvider({ getToken: () => Promise.resolve(null), state } as never);
    const told = (minute: number) => watch.look(credential, minute * 60_000)?.type;
    expect(told(0)).toBeUndefined();
    name = 'degraded';
    expect([1, 2, 60, 61, 62, 121].map(told)).toEqual([
      'credential-degraded',
      ...[undefined, undefined],
      'credential-degraded',
      undefined,
      'credential-degraded',
    ]);
    name = 'ready';
    expect([122, 123].map(told)).toEqual(['credential-recovered', undefined]);
    name = 'degraded';
    expect(told(124)).toBe('credential-degraded');
  });
});

describe('shutdown during a redemption', () => {
  const settled = async (promise: Promise<unknown>): Promise<boolean> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return Promise.race([
      promise.then(() => true),
      new Promise<false>((done) => setImmediate(() => done(false))),
    ]);
  };

  it('waits for its answer past two seconds, and stores its refresh token', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      server.answer((_, response) => {
        answer = () =>
          void response.end(
            JSON.stringify({
              token_type: 'Bearer',
              expires_in: 60,
              access_token: 'a',
              refresh_token: 'next',
            }),
          );
        resolve();
      });
    });
    const credential = credentialWith();
    const call = credential.getToken(graph);
    await asked;
    const flushing = flushCredentials([new CredentialProvider(credential)], clock, [call]);
    await clock.advance(4_000);
    expect(await settled(flushing)).toBe(false);
    answer();
    expect(await flushing).toEqual([]);
    expect(credential.state().obtainedOn).toEqual(new Date(clock.now()));
  });

  it('gives other calls two seconds, and a credential as long as it asks for; what is given up is told', async () => {
    const never = new Promise<never>(() => undefined);
    const state = () => ({ name: 'ready', obtainedOn: null, expiresBy: null });
    const slow = { getToken: () => never, state, flush: () => never, flushTimeoutInMs: 9_000 };
    const provider = new CredentialProvider(slow);
    const calls = flushCredentials([], clock, [never]);
    const flushing = flushCredentials([provider], clock, [never]);
    await clock.advance(2_000);
    expect(await calls).toEqual([]);
    await clock.advance(6_999);
    expect(await settled(flushing)).toBe(false);
    await clock.advance(1);
    expect(await flushing).toMatchObject([
      { credential: provider, problem: expect.stringContaining('9000 ms') },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    [{}, 25_000],
    [{ requestTimeoutInMs: 2_000, storeTimeoutInMs: 1_000 }, 8_000],
    [{ shutdownTimeoutInMs: 500 }, 500],
  ])('lasts with %j at most %d ms', (options, expected) => {
    const base = { tenantId: 't', clientId: 'c', refreshToken: 'r' };
    expect(new RefreshTokenCredential({ ...base, ...options }).flushTimeoutInMs).toBe(expected);
  });
});
