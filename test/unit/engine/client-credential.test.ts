import { describe, expect, it } from '@jest/globals';
import type { TokenEvent } from 'nestjs-entra-auth';

import { createEngine } from '../../support/engine.js';
import { FakeCredential } from '../../support/fake-credential.js';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 0, 1);

class WithCertificate extends FakeCredential {
  end: Date | undefined = new Date(start + 40 * day);

  certificateExpiresAt(): Date | undefined {
    return this.end;
  }
}

const expiries = (events: readonly TokenEvent[]) =>
  events.filter(({ type }) => type === 'credential-expiring' || type === 'credential-expired');

describe('a certificate that expires', () => {
  it('is told of from 30 days ahead, once a day, until it is renewed', async () => {
    let now = (): number => start;
    const credential = new WithCertificate(() => now());
    credential.lifeInMs = day;
    const { clock, service, events } = createEngine({ credential });
    now = clock.now;
    await service.getToken('graph');
    await clock.advance(9 * day);
    expect(expiries(events)).toEqual([]);
    expect(service.state('graph')[0]?.clientCredential).toEqual({
      kind: 'certificate',
      expiresAt: credential.end,
      isExpired: false,
    });
    await clock.advance(4 * day);
    const told = expiries(events);
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThan(6);
    expect(told[0]).toMatchObject({
      type: 'credential-expiring',
      resource: 'graph',
      kind: 'certificate',
      expiresAt: credential.end,
      problem: expect.stringMatching(
        /^The client certificate expires at 2026-02-10T00:00:00.000Z, in \d\d days\.$/,
      ),
      fix: expect.stringContaining('Create a new certificate'),
    });
    expect(service.state('graph')[0]).toMatchObject({
      state: 'fresh',
      remedy: told[0] && 'fix' in told[0] && told[0].fix,
    });
    credential.end = new Date(start + 400 * day);
    await clock.advance(3 * day);
    expect(expiries(events)).toHaveLength(told.length);
    expect(service.state('graph')[0]).not.toHaveProperty('remedy');
  });

  it('is told of at its end', async () => {
    let now = (): number => start;
    const credential = new WithCertificate(() => now());
    const { clock, service, events } = createEngine({ credential });
    now = clock.now;
    credential.end = new Date(start + hour);
    await service.getToken('graph');
    await clock.advance(2 * hour);
    expect(expiries(events).map(({ type }) => type)).toEqual(['credential-expiring', 'credential-expired']);
  });
});

describe('a secret that has expired', () => {
  it('is told of once, other failures in between included, and again a day later', async () => {
    const { clock, credential, service, events } = createEngine();
    credential.lifeInMs = 4 * day;
    await service.getToken('graph');
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    await service.refresh('graph').catch(() => undefined);
    expect(service.state('graph')[0]?.clientCredential).toMatchObject({ kind: 'secret', isExpired: true });
    credential.fail();
    await service.refresh('graph').catch(() => undefined);
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    await service.refresh('graph').catch(() => undefined);
    expect(expiries(events)).toHaveLength(1);
    expect(expiries(events)[0]).toMatchObject({ type: 'credential-expired', kind: 'secret' });
    expect(expiries(events)[0]).not.toHaveProperty('expiresAt');
    await clock.advance(1.1 * day);
    expect(expiries(events)).toHaveLength(2);
    credential.recover();
    await service.refresh('graph');
    expect(service.state('graph')[0]).not.toHaveProperty('clientCredential');
  });
});
