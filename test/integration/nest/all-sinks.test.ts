import { Writable } from 'node:stream';
import { inspect } from 'node:util';

import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { metrics, trace } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  EntraAuthModule,
  EntraDataSourceHealthIndicator,
  EntraTokenHealthIndicator,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  RefreshTokenCredential,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { Logger, LoggerModule } from 'nestjs-pino';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { localDataSource } from '../../support/local-data-source.js';
import { SecretScan } from '../../support/secret-scan.js';

const shortestLeak = 20;
const rounds = 6;
const loginsPerRound = 20;

/** Every run of twenty characters of the tokens. */
function partsOf(tokens: Iterable<string>): ReadonlySet<string> {
  const parts = new Set<string>();
  for (const token of tokens)
    for (let at = 0; at + shortestLeak <= token.length; at++) parts.add(token.slice(at, at + shortestLeak));
  return parts;
}

/** Where a text has twenty characters of a token. */
function leakIn(text: string, parts: ReadonlySet<string>): number {
  for (let at = 0; at + shortestLeak <= text.length; at++)
    if (parts.has(text.slice(at, at + shortestLeak))) return at;
  return -1;
}

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

describe('logs, events, metrics, spans, health, state and inspect, all of them under load', () => {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const spans = new InMemorySpanExporter();
  const sinks = new Map<string, string>();
  const tokens = new Set<string>();
  let entra: LocalEntra;
  let app: INestApplication;
  let scan: SecretScan;

  const note = (sink: string, text: string): void => void sinks.set(sink, (sinks.get(sink) ?? '') + text);
  const noteValue = (sink: string, value: unknown): void =>
    note(sink, `${inspect(value, { depth: 8, showHidden: true })}\n${JSON.stringify(value) ?? ''}\n`);

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: true });
    const { tenantId, authorityHost, certificateAuthority } = entra;
    const { clientId, clientSecret } = entra.client;
    const refreshToken = entra.refreshTokens.issue();
    scan = new SecretScan({ 'client secret': clientSecret, 'refresh token': refreshToken });
    const application = { tenantId, clientId, clientSecret, authorityHost, certificateAuthority };
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const processors = [new SimpleSpanProcessor({ exporter: spans })];
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: processors }));
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        note('log', chunk.toString());
        done();
      },
    });

    @Module({
      imports: [
        LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, stream] }),
        EventEmitterModule.forRoot({ wildcard: true }),
        TerminusModule.forRoot(),
        EntraAuthModule.forRoot({
          credential: { kind: 'client-secret', ...application },
          resources: {
            graph: {},
            mail: {
              scopes: 'https://graph.microsoft.com/User.Read',
              credential: new RefreshTokenCredential({
                ...application,
                refreshToken,
                onTokenResponse: ({ accessToken, refreshToken: next, idToken }) => {
                  tokens.add(accessToken);
                  if (idToken !== undefined) tokens.add(idToken);
                  if (next !== undefined) scan.protect({ [`refresh token ${tokens.size}`]: next });
                },
              }),
            },
          },
          refresh: { forcedRefreshCooldownInMs: 0 },
          dataSource: localDataSource(entra),
        }),
      ],
      controllers: [HealthController],
    })
    class AppModule {}

    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testing.createNestApplication({ bufferLogs: true });
    app.useLogger(app.get(Logger));
    app.get(EventEmitter2).on('entra.*', (event: unknown) => noteValue('event emitter', event));
    app.get(EntraTokenService).events.subscribe((event) => noteValue('events', event));
    app.get(EntraTypeOrmOptionsFactory).logins.subscribe((login) => noteValue('logins', login));
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app?.close();
    metrics.disable();
    trace.disable();
    await entra?.stop();
  });

  /** Logs in on many connections at once; a login that is refused is part of the load. */
  async function logIn(): Promise<void> {
    const options = await app.get(EntraTypeOrmOptionsFactory).createTypeOrmOptions();
    const extra = { ...(Reflect.get(options, 'extra') as object), max: loginsPerRound };
    const dataSource = new DataSource({ ...options, extra } as DataSourceOptions);
    try {
      await dataSource.initialize();
      const work = Array.from({ length: loginsPerRound }, () => dataSource.query('select pg_sleep(0.02)'));
      for (const { status, ...outcome } of await Promise.allSettled(work))
        if (status === 'rejected') noteValue('errors', outcome);
    } catch (error) {
      noteValue('errors', error);
    } finally {
      if (dataSource.isInitialized) await dataSource.destroy();
    }
  }

  /** Breaks something, asks for everything, and looks at what can be seen. */
  async function oneRound(round: number): Promise<void> {
    const service = app.get(EntraTokenService);
    for (const resource of ['graph', 'mail', 'postgres']) {
      const token = await service.getToken(resource);
      tokens.add(token.token);
      noteValue('inspect', token.constructor.name);
    }
    const held = await service.getToken('postgres');
    const description = `refused ${held.token} with ${entra.client.clientSecret}`;
    const faults = [
      () => Promise.resolve(entra.postgres.revoke(held.token)),
      () => entra.faults.set('token', { kind: 'entra-error', code: 7000222, description }),
      () => entra.faults.set('token', { kind: 'http-status', status: 503, body: description }),
    ];
    await faults[round % faults.length]?.();
    await Promise.all([
      logIn(),
      ...['graph', 'mail', 'postgres'].map((resource) =>
        service.refresh(resource).then(
          ({ token }) => void tokens.add(token),
          (error: unknown) => noteValue('errors', error),
        ),
      ),
    ]);
    const health = await fetch(`${await app.getUrl()}/health`);
    note('health', await health.text());
    await entra.faults.clear();
    for (const provider of [EntraTokenService, EntraTypeOrmOptionsFactory, EntraTokenHealthIndicator])
      noteValue('inspect', app.get<object>(provider));
    noteValue('state', service.state());
  }

  it('show nothing of a token, a secret or a refresh token', async () => {
    for (let round = 0; round < rounds; round++) await oneRound(round);
    note('metrics', new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics));
    for (const { name, attributes, status, events } of spans.getFinishedSpans())
      noteValue('spans', { name, attributes, status, events });

    expect(entra.postgres.logins.accepted).toBeGreaterThan(rounds * loginsPerRound * 0.7);
    expect(tokens.size).toBeGreaterThan(rounds);
    const expected = ['errors', 'event emitter', 'events', 'health', 'inspect', 'log', 'logins', 'metrics'];
    expect([...sinks.keys()].sort()).toEqual([...expected, 'spans', 'state']);
    const parts = partsOf(tokens);
    for (const [sink, text] of sinks) {
      expect([sink, text.length > 100]).toEqual([sink, true]);
      expect([sink, leakIn(text, parts)]).toEqual([sink, -1]);
      scan.text(sink, text);
    }
    expect(scan.leaks()).toEqual([]);
  });

  it('would be caught with twenty characters from the middle of a token', () => {
    const [token = ''] = tokens;
    const text = `It began with "${token.slice(200, 220)}".`;
    expect(leakIn(text, partsOf(tokens))).toBeGreaterThan(0);
  });
});
