import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { deferred } from '../../../lib/common/deadline.js';
import { createEngine } from '../../support/engine.js';

const second = 1_000;
const resources = { graph: {}, keyvault: {} };
let lines: string[] = [];

beforeEach(() => {
  lines = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(() => void jest.restoreAllMocks());

/** Shuts an engine down whose callers wait. */
async function shutDownWhile(
  credential: (engine: ReturnType<typeof createEngine>) => void,
  ...wanted: string[]
): Promise<void> {
  const engine = createEngine({ resources });
  credential(engine);
  const callers = wanted.map((scopes) => engine.service.getToken(scopes));
  const ended = Promise.allSettled(callers);
  await engine.clock.advance(second);
  const closed = engine.service.onApplicationShutdown();
  await engine.clock.advance(2 * second);
  await Promise.all([closed, ended]);
}

describe('a shutdown', () => {
  it('names ten resources that it gives up, and no number', async () => {
    const scopes = Array.from({ length: 10 }, (_, n) => `api://${n}/.default`);
    await shutDownWhile(({ credential }) => credential.hang(), ...scopes);
    expect(lines).toEqual([expect.stringMatching(/: "api:\/\/0\/\.default", .*"api:\/\/9\/\.default"\.$/)]);
    expect(lines[0]).not.toContain(' more');
  });

  it('that gives up calls of credentials warns of it, and names their resources once', async () => {
    await shutDownWhile(({ credential }) => credential.hang(), 'graph', 'graph', 'keyvault');
    expect(lines).toEqual([
      'The shutdown gave up calls of credentials that did not end within 2 s: "graph", "keyvault".',
    ]);
  });

  it('names ten of many', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `api://${n}/.default`);
    await shutDownWhile(({ credential }) => credential.hang(), ...many);
    expect(lines).toEqual([
      expect.stringMatching(/: "api:\/\/0\/\.default", .*"api:\/\/9\/\.default", 2 more\.$/),
    ]);
  });

  it('warns of nothing when calls end in time', async () => {
    await shutDownWhile(({ credential, clock }) => {
      const answer = deferred<null>();
      credential.answer(() => answer.promise);
      clock.setTimeout(() => answer.resolve(null), 2.5 * second);
    }, 'graph');
    await shutDownWhile(() => undefined, 'graph');
    expect(lines).toEqual([]);
  });
});

it('reports the refresh token that could not be stored, with the resource that it served', async () => {
  const state = () => ({
    name: 'degraded',
    obtainedOn: null,
    expiresBy: null,
    unsaved: true,
    problem: 'The store is full.',
    fix: 'Empty it.',
  });
  const credential = {
    getToken: () => Promise.resolve({ token: 't', expiresOnTimestamp: Date.UTC(2026, 0, 2) }),
    state,
  };
  const { service, events, clock } = createEngine({ credential, resources: { graph: {} } });
  await service.getToken('graph');
  await service.onApplicationShutdown();
  expect(events.at(-1)).toEqual({
    type: 'refresh-token-lost',
    resource: 'graph',
    at: new Date(clock.now()),
    problem: 'The store is full.',
    fix: 'Empty it.',
  });
});
