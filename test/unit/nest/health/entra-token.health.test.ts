import { describe, expect, it } from '@jest/globals';

import { UnknownResourceError } from '../../../../lib/engine/unknown-resource.error.js';
import { EntraTokenHealthIndicator } from '../../../../lib/nest/health/entra-token.health.js';
import { createEngine } from '../../../support/engine.js';

const hour = 3_600_000;

describe('EntraTokenHealthIndicator', () => {
  it('is down before the first token and up with one', async () => {
    const { service } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, 'wait');
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
    const indicator = new EntraTokenHealthIndicator(service, 'wait');
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
    const { service, credential } = createEngine({ startup: 'lazy' });
    const indicator = new EntraTokenHealthIndicator(service, 'lazy');
    expect(indicator.isHealthy('entra').entra.status).toBe('up');
    credential.fail();
    await service.getToken('graph').catch(() => undefined);
    expect(indicator.isHealthy('entra').entra.status).toBe('down');
  });

  it('looks at one resource when asked, and refuses one that is not configured', async () => {
    const { service } = createEngine({ resources: { graph: {}, keyvault: {} } });
    const indicator = new EntraTokenHealthIndicator(service, 'wait');
    await service.getToken('graph');
    expect(indicator.isHealthy('entra').entra.status).toBe('down');
    expect(indicator.isHealthy('entra', { resource: 'graph' }).entra).toMatchObject({ status: 'up' });
    expect(() => indicator.isHealthy('entra', { resource: 'x' })).toThrow(UnknownResourceError);
  });

  it('refuses an option that it does not know', () => {
    const { service } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, 'wait');
    expect(() => indicator.isHealthy('entra', { resources: 'graph' } as object)).toThrow(
      'Invalid option "resources": no such option. Did you mean "resource"? Known here: resource.',
    );
  });

  it('ignores tokens that were asked for by scopes', async () => {
    const { service, credential } = createEngine();
    const indicator = new EntraTokenHealthIndicator(service, 'wait');
    await service.getToken('graph');
    credential.fail();
    await service.getToken('https://other.example/.default').catch(() => undefined);
    expect(indicator.isHealthy('entra').entra).toMatchObject({ status: 'up' });
  });

  it('never waits, and never shows a token', async () => {
    const { service } = createEngine();
    const held = await service.getToken('graph');
    expect(JSON.stringify(new EntraTokenHealthIndicator(service, 'wait').isHealthy('entra'))).not.toContain(
      held.token,
    );
  });
});
