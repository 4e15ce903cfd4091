import { describe, expect, it } from '@jest/globals';

import { CredentialUnavailableError } from '../../../lib/credential/credential.error.js';
import { TokenRequestFailedError } from '../../../lib/entra/token-endpoint.error.js';
import { createEngine } from '../../support/engine.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

/** An engine whose first attempt has failed with an error. */
async function failedWith(error: Error, refresh: object = {}) {
  const engine = createEngine({ refresh });
  engine.credential.answer(() => Promise.reject(error));
  await engine.service.getToken('graph').catch(() => undefined);
  engine.credential.recover();
  return engine;
}

const request = (retryable: boolean, more: object = {}) =>
  new TokenRequestFailedError('It is down.', 'Wait.', { retryable, ...more });

describe('a caller without a token, after a failure', () => {
  it('waits for the next attempt that comes soon', async () => {
    const { service, clock, credential } = await failedWith(request(true, { retryAfterInMs: 15_000 }));
    const waiting = service.getToken('graph');
    await expect(settlesAtOnce(waiting)).resolves.toBe(false);
    expect(credential.calls).toHaveLength(1);
    await clock.advance(16_000);
    await expect(waiting).resolves.toMatchObject({ token: 'token-1' });
  });

  it('is refused at once when that attempt comes later than one may take', async () => {
    const { service, credential } = await failedWith(request(true, { retryAfterInMs: 30_000 }));
    await expect(service.getToken('graph')).rejects.toThrow('It is down');
    expect(credential.calls).toHaveLength(1);
  });

  it('is refused at once when an operator must repair something, however soon the next attempt comes', async () => {
    const error = new CredentialUnavailableError('It is missing.', 'Give it.');
    const { service, clock, credential } = await failedWith(error, { permanentErrorRetryInMs: 5_000 });
    const refused = service.getToken('graph');
    await expect(settlesAtOnce(refused)).resolves.toBe(true);
    await expect(refused).rejects.toThrow('It is missing');
    expect(credential.calls).toHaveLength(1);
    await clock.advance(6_000);
    await expect(service.getToken('graph')).resolves.toMatchObject({ token: 'token-1' });
  });
});

describe('a caller without a token, while a forced refresh is under way', () => {
  it('waits for it, although the failure before needed a repair', async () => {
    const error = new CredentialUnavailableError('It is missing.', 'Give it.');
    const { service, credential } = await failedWith(error);
    let arrive = (): void => undefined;
    credential.answer(() => new Promise((resolve) => (arrive = () => resolve(credential.issue()))));
    const forced = service.refresh('graph');
    const waiting = service.getToken('graph');
    await expect(settlesAtOnce(waiting)).resolves.toBe(false);
    arrive();
    const tokens = await Promise.all([forced, waiting]);
    expect(tokens.map(({ token }) => token)).toEqual(['token-1', 'token-1']);
    expect(credential.calls).toHaveLength(2);
  });
});

describe('what an attempt took', () => {
  it('is a part of its event, and never less than nothing', async () => {
    const { service, clock, credential, events } = createEngine();
    const answerAfter = (take: () => void) =>
      credential.answer(() => {
        take();
        return credential.issue();
      });
    answerAfter(() => clock.jump(1_500));
    await service.getToken('graph');
    answerAfter(() => clock.jump(-5_000));
    await service.refresh('graph');
    expect(events.map((event) => 'durationInMs' in event && event.durationInMs)).toEqual([1_500, 0]);
  });
});

it.each<[object, string]>([
  [{ claims: 7 }, '"claims": 7. Pass on the decoded claims of the challenge as a string.'],
  [{ claims: 'x'.repeat(1_000_000) }, '"claims": a text of 1000000 characters. Pass on'],
  [{ tenantId: '../x' }, '"tenantId": not a tenant. Use'],
  [{ tenantId: '' }, '"tenantId": an empty string. Use'],
  [{ tenantId: 7 }, '"tenantId": 7. Use'],
])('a request with %j is refused with what to pass', async (options, text) => {
  const { service, credential } = createEngine();
  await expect(service.getToken('graph', options)).rejects.toThrow(`Invalid option ${text}`);
  expect(credential.calls).toHaveLength(0);
});
