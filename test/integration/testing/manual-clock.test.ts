import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { graph, send } from './local-entra.fixture.js';

const minute = 60_000;

/** Errors are expected here. */
class NoLogger extends ConsoleLogger {
  override printMessages(): void {}
}

describe('A module and a local Entra that share a ManualClock', () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  let entra: LocalEntra;
  let app: TestingModule;
  let tokens: EntraTokenService;

  beforeAll(async () => {
    entra = await startLocalEntra({ clock, tokenLifetimeInSeconds: 3600 });
    const module = EntraAuthModule.forRoot({
      clock,
      credential: entra.credential(),
      resources: { graph: {} },
    });
    app = await Test.createTestingModule({ imports: [module] })
      .setLogger(new NoLogger())
      .compile();
    await app.init();
    tokens = app.get(EntraTokenService);
  });
  afterAll(async () => {
    await app.close();
    await entra.stop();
  });
  beforeEach(() => entra.requests.reset());
  afterEach(() => entra.faults.clear());

  it('live a whole day in seconds, with a valid token at every minute', async () => {
    const seen = new Set<string>();
    for (let passed = 0; passed < 24 * 60; passed++) {
      await clock.advance(minute);
      const { token } = await tokens.getToken('graph');
      entra.verifyToken(token, { audience: graph });
      seen.add(token);
    }
    expect(seen.size).toBeGreaterThan(24);
    expect(entra.requests.forResource(graph)).toBe(seen.size - 1);
  });

  it.each([
    ['an error of Entra', { kind: 'entra-error', code: 90033 }],
    ['a status', { kind: 'http-status', status: 503 }],
    ['a cut connection', { kind: 'connection-reset' }],
    ['half an answer', { kind: 'cut-in-body' }],
    ['no answer', { kind: 'hang-before-headers' }],
  ] as const)('survive %s for as long as the token lives, and recover', async (_what, fault) => {
    await clock.advance(70 * minute);
    const { expiresOnTimestamp } = await tokens.getToken('graph');
    await entra.faults.set('token', fault);
    await clock.advance(expiresOnTimestamp - clock.now() - minute);
    expect((await tokens.getToken('graph')).expiresOnTimestamp).toBe(expiresOnTimestamp);
    expect(entra.requests.token).toBeGreaterThan(1);

    await entra.faults.clear();
    await clock.advance(minute);

    const { token } = await tokens.getToken('graph');
    expect(entra.verifyToken(token, { audience: graph }).exp * 1000).toBeGreaterThan(expiresOnTimestamp);
  });

  it('dates its responses by that clock', async () => {
    const { headers } = await send(entra, `${entra.authorityHost}/`);
    expect(headers.date).toBe(new Date(clock.now()).toUTCString());
  });

  it('answers a claims challenge, and declares that it can', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const { token } = await entra.credential().getToken(`${graph}/.default`, { claims, enableCae: true });
    expect(entra.verifyToken(token, { audience: graph })).toMatchObject({ acrs: ['c1'], xms_cc: ['CP1'] });
  });

  it('hand out the same token as long as it lives, and no longer', async () => {
    const { token } = await entra.credential().getToken(`${graph}/.default`);
    const again = async (): Promise<string> => (await entra.credential().getToken(`${graph}/.default`)).token;
    await entra.faults.set('token', { kind: 'same-token' });
    await clock.advance(59 * minute);
    expect(await again()).toBe(token);
    await clock.advance(minute);
    expect(await again()).not.toBe(token);
  });

  it('gives up a request that hangs when its signal aborts', async () => {
    await entra.faults.set('token', { kind: 'hang-in-body' });
    const controller = new AbortController();
    const hung = entra.credential().getToken(`${graph}/.default`, { abortSignal: controller.signal });
    controller.abort();
    await expect(hung).rejects.toThrow('aborted');
  });
});
