import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInStore } from 'nestjs-entra-auth/users';

import { settlesAtOnce } from '../../support/settles-at-once.js';
import { startUserTokens } from '../../support/users/user-tokens.js';

const refreshToken = `1.${'secret-'.repeat(20)}`;
const response = { refresh_token: refreshToken };

type Step = 'of' | 'exclusive' | 'load' | 'save' | 'delete' | 'list';

/** A store that does something else than its work at one step. */
function storeThat(step: Step | undefined, instead: () => Promise<never>): SignInStore {
  const memory = new MemorySignInStore();
  const at = <T>(name: Step, work: () => T): T => (name === step ? (instead() as T) : work());
  return {
    of: (key) =>
      at('of', () => {
        const one = memory.of(key);
        return {
          ...one,
          exclusive: (work, options) =>
            at('exclusive', () =>
              one.exclusive(
                ({ load, save }) =>
                  work({
                    load: () => at('load', load),
                    save: (value, version) => at('save', () => save(value, version)),
                  }),
                options,
              ),
            ),
        };
      }),
    delete: (key, options) => at('delete', () => memory.delete(key, options)),
    list: (page) => at('list', () => memory.list(page)),
  };
}

describe('a store of sign-ins that fails', () => {
  let clock: ManualClock;
  let running: ReturnType<typeof startUserTokens>[];
  const start = (step: Step | undefined, instead: () => Promise<never>) => {
    const store = storeThat(step, instead);
    const client = {
      tenantId: '11112222-bbbb-3333-cccc-4444dddd5555',
      clientId: '00001111-aaaa-2222-bbbb-3333cccc4444',
      clientSecret: 'secret',
    };
    const tokens = startUserTokens({ client, signIns: { store, storeTimeoutInMs: 100 } }, { clock });
    running.push(tokens);
    return tokens.service;
  };
  const calls: [string, Step, (service: ReturnType<typeof start>) => Promise<unknown>][] = [
    ['adopt', 'exclusive', (service) => service.adopt('ada', response)],
    ['adopt', 'load', (service) => service.adopt('ada', response)],
    ['adopt', 'save', (service) => service.adopt('ada', response)],
    ['forget', 'delete', (service) => service.forget('ada')],
    ['listSignIns', 'list', (service) => service.listSignIns()],
  ];

  beforeEach(() => {
    clock = new ManualClock();
    running = [];
  });
  afterEach(async () => {
    for (const { stop } of running) await stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(calls)('ends `%s` at its deadline when `%s` hangs', async (_, step, call) => {
    const ended = call(start(step, () => new Promise<never>(() => undefined))).catch((e: unknown) => e);
    await clock.advance(200);
    expect(await settlesAtOnce(ended)).toBe(true);
    expect(await ended).toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE', retryable: true });
  });

  const faults: [string, () => Promise<never>][] = [
    ['rejects', () => Promise.reject(new Error(`INSERT failed: (${refreshToken})`))],
    [
      'throws',
      () => {
        throw new Error(`INSERT failed: (${refreshToken})`);
      },
    ],
  ];
  const cases = calls.flatMap(([name, step, call]) =>
    faults.map(([how, fault]) => [name, step, how, fault, call] as const),
  );

  it.each(cases)('makes `%s` fail without secrets when `%s` %s', async (_name, step, _how, fault, call) => {
    const error = await call(start(step, fault)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE', name: 'RefreshTokenStoreError' });
    expect((error as Error).message).toContain('INSERT failed');
    expect(inspect(error, { depth: 10 })).not.toContain('secret-secret-');
  });
});
