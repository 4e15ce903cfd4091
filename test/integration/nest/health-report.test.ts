import { Controller, Get, Logger, Module } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { EntraAuthModule, EntraTokenHealthIndicator, EntraTokenService } from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FakeCredential } from '../../support/fake-credential.js';

Logger.overrideLogger(false);

const hour = 3_600_000;

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tokens: EntraTokenHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  ready() {
    return this.health.check([() => this.tokens.isHealthy('entra')]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe('readiness with Terminus 12', () => {
  it('is degraded with 200 while a token serves that cannot be refreshed, and 503 after its end', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const credential = new FakeCredential(clock.now);
    const testing = await Test.createTestingModule({
      imports: [EntraAuthModule.forRoot({ credential, clock, resources: { graph: {} } }), HealthModule],
    }).compile();
    const app = testing.createNestApplication();
    stops.push(() => app.close());
    await app.listen(0, '127.0.0.1');
    const ask = async () => {
      const response = await fetch(`${await app.getUrl()}/health`);
      return { code: response.status, body: (await response.json()) as object };
    };

    expect(await ask()).toMatchObject({ code: 200, body: { status: 'ok' } });
    credential.fail();
    await clock.advance(0.6 * hour);
    expect(await ask()).toMatchObject({
      code: 200,
      body: {
        status: 'degraded',
        info: { entra: { status: 'degraded', remedy: expect.stringContaining('token endpoint') } },
      },
    });
    await clock.advance(hour);
    expect(await ask()).toMatchObject({ code: 503, body: { error: { entra: { status: 'down' } } } });
    credential.recover();
    await app.get(EntraTokenService).refresh('graph');
    expect(await ask()).toMatchObject({ code: 200, body: { status: 'ok' } });
  });
});
