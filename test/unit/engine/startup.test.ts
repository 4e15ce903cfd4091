import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { createEngine } from '../../support/engine.js';

const second = 1_000;
const resources = { graph: {}, keyvault: {} };
let lines: string[] = [];

beforeEach(() => {
  lines = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(() => void jest.restoreAllMocks());

describe('a start that waits for its first tokens', () => {
  it('warns once after five seconds, with the resources that are missing and the last reason', async () => {
    const { service, credential, clock } = createEngine({ resources });
    credential.answer(() =>
      String(credential.calls.at(-1)?.scopes).includes('graph')
        ? credential.issue()
        : Promise.reject(new Error('connect ECONNREFUSED')),
    );
    const started = service.onModuleInit();
    await clock.advance(4.999 * second);
    expect(lines).toEqual([]);
    await clock.advance(10 * second);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Start-up has waited 5 s of at most 30 s for the first access token of "keyvault"\. .*ECONNREFUSED/,
      ),
    ]);
    credential.recover();
    await clock.advance(10 * second);
    await started;
    expect(lines).toHaveLength(1);
  });

  it('warns of an endpoint that does not answer', async () => {
    const { service, credential, clock } = createEngine({ resources, startupTimeoutInMs: 12 * second });
    credential.hang();
    const failed = service.onModuleInit().catch((e: unknown) => e);
    await clock.advance(6 * second);
    expect(lines).toEqual([
      'Start-up has waited 5 s of at most 12 s for the first access token of "graph", "keyvault". No answer came.',
    ]);
    await clock.advance(10 * second);
    expect(await failed).toMatchObject({ code: 'ENTRA_TIMEOUT' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('names a resource once, however many wait for it', async () => {
    const { engine, service, credential, clock } = createEngine({ resources });
    credential.hang();
    const waits = [engine.ready('graph'), engine.ready('graph'), service.onModuleInit()];
    const ended = Promise.allSettled(waits);
    await clock.advance(6 * second);
    expect(lines).toEqual([
      expect.stringContaining('of "graph".'),
      expect.stringContaining('of "keyvault".'),
    ]);
    await clock.advance(60 * second);
    await ended;
  });

  it.each([
    ['in time', 'wait' as const],
    ['without waiting', 'background' as const],
  ])('warns of nothing when it comes %s', async (_, startup) => {
    const { service, clock } = createEngine({ resources, startup });
    await service.onModuleInit();
    await clock.advance(20 * second);
    expect(lines).toEqual([]);
  });
});
