import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  EntraAuthModule,
  EntraDataSourceHealthIndicator,
  EntraTokenHealthIndicator,
  EntraTokenService,
  type TokenEvent,
} from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { localDataSource } from '../../support/local-data-source.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const midnight = Date.UTC(2026, 0, 1);
const remedy = 'The client secret has expired; create a new one.';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tokens: EntraTokenHealthIndicator,
    private readonly databases: EntraDataSourceHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  ready() {
    return this.health.check([
      () => this.tokens.isHealthy('entra'),
      () => this.databases.areHealthy('databases'),
    ]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

interface Report {
  status: string;
  details: Record<'entra' | 'databases', Record<string, unknown> & { status: string }>;
}

/** Half of their lives of four hours, when tokens are due: without jitter, and with the middle of every range. */
const due = 2 * hour;
const secretExpires = 7 * hour;
const secretReplaced = 12 * hour;

describe('a day in which the client secret expires and is replaced', () => {
  const clock = new ManualClock(midnight);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const events: TokenEvent[] = [];
  let entra: LocalEntra;
  let app: INestApplication;

  beforeAll(async () => {
    entra = await startLocalEntra({ clock, postgres: true, tokenLifetimeInSeconds: 4 * 3_600 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const testing = await Test.createTestingModule({
      imports: [
        EntraAuthModule.forRoot({
          clock,
          credential: entra.credential(),
          refresh: { jitter: 0 },
          dataSource: localDataSource(entra),
        }),
        HealthModule,
      ],
    }).compile();
    app = testing.createNestApplication({ logger: false });
    app.get(EntraTokenService).events.subscribe((event) => events.push(event));
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app?.close();
    metrics.disable();
    await reader.shutdown();
    await entra?.stop();
  });

  const until = (timeOfDay: number): Promise<void> => clock.advance(midnight + timeOfDay - clock.now());

  const readiness = async () => {
    const response = await fetch(`${await app.getUrl()}/health`);
    const { status, details } = (await response.json()) as Report;
    return { code: response.status, status, ...details };
  };

  /** The times of day of the events of a type, in milliseconds since midnight. */
  const timesOf = (type: TokenEvent['type']): number[] =>
    events.filter((event) => event.type === type).map(({ at }) => at.getTime() - midnight);

  it('in the morning is ready', async () => {
    await until(secretExpires);
    expect(await readiness()).toMatchObject({ code: 200, status: 'ok', databases: { status: 'up' } });
    expect(timesOf('refreshed')).toEqual([due, 2 * due, 3 * due]);
    await entra.faults.set('token', { kind: 'entra-error', code: 7000222 });
  });

  it('is degraded with the code and its remedy from the first refresh on, while logins go on', async () => {
    await until(8 * hour);
    const logins = entra.postgres.logins.accepted;
    expect(await readiness()).toMatchObject({
      code: 200,
      status: 'degraded',
      entra: {
        status: 'degraded',
        remedy,
        remainingSeconds: 7_200,
        tokens: [
          {
            state: 'degraded',
            remedy,
            lastError: expect.stringContaining('AADSTS7000222'),
            clientCredential: { kind: 'secret', isExpired: true },
          },
        ],
      },
      databases: { status: 'up' },
    });
    await until(9 * hour);
    expect((await readiness()).databases.status).toBe('up');
    expect(entra.postgres.logins.accepted).toBe(logins + 2);
    expect(timesOf('credential-expired')).toEqual([8 * hour]);
  });

  it('tells when the token is in its last five minutes, and when it has ended: 503', async () => {
    await until(10 * hour - second);
    expect(await readiness()).toMatchObject({ code: 200, status: 'degraded', databases: { status: 'up' } });
    await until(10 * hour + 10 * second);
    expect([timesOf('expiring'), timesOf('expired')]).toEqual([[10 * hour - 5 * minute], [10 * hour]]);
    expect(await readiness()).toMatchObject({
      code: 503,
      status: 'error',
      entra: { status: 'down', remedy, tokens: [{ state: 'expired' }] },
      databases: { status: 'down', remedy },
    });
  });

  it('recovers with a new secret, without a restart', async () => {
    await until(secretReplaced);
    await entra.faults.clear();
    await until(secretReplaced + 5 * minute);
    expect(timesOf('recovered')).toEqual([secretReplaced + 5 * minute]);
    const ready = await readiness();
    expect(ready).toMatchObject({ code: 200, status: 'ok', databases: { status: 'up' } });
    expect(ready.entra).not.toHaveProperty('remedy');
  });

  it('has told it all in numbers by midnight', async () => {
    await until(24 * hour);
    await reader.forceFlush();
    const exported =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const numbers = Object.fromEntries(
      exported.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        Object.fromEntries(
          dataPoints.map(({ attributes, value }) => [
            Object.values(attributes).join(' '),
            typeof value === 'number' ? value : value.count,
          ]),
        ),
      ]),
    );
    // Every five minutes from 8:00 to 9:55, once more before the token's last 30 s, at its end, every five to 12:00.
    const failures = 24 + 1 + 1 + 24;
    const refreshes = 3 + 1 + 5;
    const lastRefresh = 22 * hour + 5 * minute;
    expect(timesOf('refresh-failed')).toHaveLength(failures);
    expect(numbers).toEqual({
      'entra.token.remaining': { postgres: (lastRefresh + 4 * hour - 24 * hour) / second },
      'entra.token.age': { postgres: (24 * hour - lastRefresh) / second },
      'entra.token.life': { postgres: 4 * 3_600 },
      'entra.token.consecutive_failures': { postgres: 0 },
      'entra.token.reauthentication_required': { postgres: 0 },
      'entra.token.clock_skew': { postgres: 0 },
      'entra.credential.expired': { postgres: 0 },
      'entra.token.refresh.duration': {
        'postgres acquired': 1,
        'postgres refreshed': refreshes,
        'postgres failed ENTRA_TOKEN_UNAVAILABLE 7000222': failures,
      },
      'entra.login.duration': { 'default accepted': 5, 'default failed': 1 },
    });
  });
});
