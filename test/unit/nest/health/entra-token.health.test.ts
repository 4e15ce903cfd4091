import { describe, expect, it } from '@jest/globals';

import { UnknownResourceError } from '../../../../lib/engine/unknown-resource.error.js';
import { EntraTokenHealthIndicator } from '../../../../lib/nest/health/entra-token.health.js';
import { createEngine } from '../../../support/engine.js';

const hour = 3_600_000;

describe('EntraTokenHealthIndicator', () => {
  it('is down before the first token and up with one', async () => {
    const { service, clock } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    expect(indicator.isHealthy('entra')).toMatchObject({
      entra: { status: 'down', tokens: [{ state: 'pending' }] },
    });
    await service.getToken('graph');
    expect(indicator.isHealthy('entra')).toMatchObject({
      entra: { status: 'up', tokens: [{ state: 'fresh' }] },
    });
  });

  it('stays up while a token serves although its refresh fails, and reports that', async () => {
    const { service, credential, clock } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    await service.getToken('graph');
    credential.fail();
    await clock.advance(hour * 0.75);
    expect(indicator.isHealthy('entra')).toMatchObject({
      entra: { status: 'up', tokens: [{ state: 'degraded' }] },
    });
    await clock.advance(hour);
    expect(indicator.isHealthy('entra')).toMatchObject({
      entra: { status: 'down', tokens: [{ state: 'expired' }] },
    });
  });

  it('is up with an unused token of a lazy start', async () => {
    const { service, credential, clock } = createEngine({ startup: 'lazy' });
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'lazy', clock });
    expect(indicator.isHealthy('entra').entra.status).toBe('up');
    credential.fail();
    await service.getToken('graph').catch(() => undefined);
    expect(indicator.isHealthy('entra').entra.status).toBe('down');
  });

  it('looks at one resource when asked, and refuses one that is not configured', async () => {
    const { service, clock } = createEngine({ resources: { graph: {}, keyvault: {} } });
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    await service.getToken('graph');
    expect(indicator.isHealthy('entra').entra.status).toBe('down');
    expect(indicator.isHealthy('entra', { resource: 'graph' }).entra).toMatchObject({ status: 'up' });
    expect(() => indicator.isHealthy('entra', { resource: 'x' })).toThrow(UnknownResourceError);
  });

  it('refuses an option that it does not know', () => {
    const { service, clock } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    expect(() => indicator.isHealthy('entra', { resources: 'graph' } as object)).toThrow(
      'Invalid option "resources": no such option. Did you mean "resource"? Known here: resource, minRemainingSeconds.',
    );
  });

  it('ignores tokens that were asked for by scopes', async () => {
    const { service, credential, clock } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    await service.getToken('graph');
    credential.fail();
    await service.getToken('https://other.example/.default').catch(() => undefined);
    expect(indicator.isHealthy('entra').entra).toMatchObject({ status: 'up' });
  });

  it('never waits, and never shows a token', async () => {
    const { service, clock } = createEngine();
    const held = await service.getToken('graph');
    expect(
      JSON.stringify(new EntraTokenHealthIndicator(service, { startup: 'wait', clock }).isHealthy('entra')),
    ).not.toContain(held.token);
  });

  it('is down when less than the demanded life is left', async () => {
    const { service, clock } = createEngine({ refresh: { background: false } });
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    await service.getToken('graph');
    await clock.advance(hour - 90_000);
    expect(indicator.isHealthy('entra', { minRemainingSeconds: 90 }).entra).toMatchObject({
      status: 'up',
      remainingSeconds: 90,
    });
    expect(indicator.isHealthy('entra', { minRemainingSeconds: 91 }).entra.status).toBe('down');
    for (const minRemainingSeconds of [-1, 604_801]) {
      expect(() => indicator.isHealthy('entra', { minRemainingSeconds })).toThrow(
        'Invalid option "minRemainingSeconds"',
      );
    }
    expect(indicator.isHealthy('entra', { minRemainingSeconds: 604_800 }).entra.status).toBe('down');
    await clock.advance(90_000);
    expect(indicator.isHealthy('entra').entra).toMatchObject({ status: 'down', remainingSeconds: 0 });
  });

  it('tells what a person must do', async () => {
    const { service, clock, credential } = createEngine({ resources: { graph: {}, keyvault: {} } });
    const indicator = new EntraTokenHealthIndicator(service, { startup: 'wait', clock });
    await Promise.all(['graph', 'keyvault'].map((name) => service.getToken(name)));
    expect(indicator.isHealthy('entra').entra).not.toHaveProperty('remedy');
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    await clock.advance(hour * 0.6);
    const remedy = 'The client secret has expired; create a new one.';
    const token = { state: 'degraded', remedy, clientCredential: { kind: 'secret', isExpired: true } };
    expect(indicator.isHealthy('entra').entra).toMatchObject({
      status: 'up',
      remedy,
      tokens: [token, token],
    });
  });
});
