import { beforeEach, describe, expect, it } from '@jest/globals';

import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';

import { EndToEnd, type ScopedApp } from '../support/e2e.js';
import { credentialFactory, graphAudience } from '../support/local-entra.js';

const callers = 1_000;

describe('the requests that reach Entra', () => {
  const e2e = new EndToEnd(() => ({ tokenLifetimeInSeconds: 3600 }));

  beforeEach(() => e2e.entra.requests.reset());

  const boot = (startup: 'wait' | 'lazy'): Promise<ScopedApp> =>
    e2e.boot(
      EntraAuthModule.forRoot({
        credential: credentialFactory(e2e.entra),
        resources: { graph: {} },
        startup,
      }),
    );

  const callAll = (tokens: EntraTokenService) =>
    Promise.all(Array.from({ length: callers }, () => tokens.getToken('graph')));

  it(`are one for ${callers} callers who ask for the first token at once`, async () => {
    await using app = await boot('lazy');
    const tokens = app.get(EntraTokenService);
    expect(e2e.entra.requests.total).toBe(0);

    const answers = await callAll(tokens);

    expect(e2e.entra.requests.token).toBe(1);
    expect(e2e.entra.requests.forResource(graphAudience)).toBe(1);
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1);
    e2e.scan.value('the token service', tokens);
    e2e.scan.value('what getToken returned', answers[0]);
  });

  it(`are one for an application that boots, and one when ${callers} callers force a refresh at once`, async () => {
    await using app = await boot('wait');
    expect(e2e.entra.requests.token).toBe(1);

    const tokens = app.get(EntraTokenService);
    const answers = await Promise.all(Array.from({ length: callers }, () => tokens.refresh('graph')));

    expect(e2e.entra.requests.token).toBe(2);
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1);
  });

  it('are none while a fresh token is held', async () => {
    await using app = await boot('wait');
    const tokens = app.get(EntraTokenService);
    e2e.entra.requests.reset();

    for (let round = 0; round < 10; round++) await callAll(tokens);
    await tokens.getToken(`${graphAudience}/.default`);

    expect(e2e.entra.requests.total).toBe(0);
  });

  e2e.letsNoSecretOut();
});
