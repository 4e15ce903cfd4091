import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { afterEach, describe, expect, it } from '@jest/globals';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { EntraAuthModule, EntraTokenService, type EntraAuthModuleOptions } from 'nestjs-entra-auth';

import { FakeCredential } from '../../support/fake-credential.js';

afterEach(() => metrics.disable());

async function boot(options: Pick<EntraAuthModuleOptions, 'telemetry' | 'users'>) {
  const reader = new PrometheusExporter({ preventServerStart: true });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const testing = await Test.createTestingModule({
    imports: [
      ScheduleModule.forRoot(),
      EntraAuthModule.forRoot({
        credential: new FakeCredential(Date.now),
        resources: { graph: {} },
        ...options,
      }),
    ],
  }).compile();
  const app = await testing.init();
  app.enableShutdownHooks();
  const scrape = async () => new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
  return { app, scrape };
}

const users = { client: { tenantId: 'contoso.example', clientId: randomUUID(), clientSecret: 'secret' } };

describe('an application with an SDK of OpenTelemetry', () => {
  it('reports its tokens to Prometheus', async () => {
    const { app, scrape } = await boot({});
    const exported = await scrape();
    expect(exported).toMatch(/^entra_token_remaining\{.*entra_resource="graph".*\} 3\d{3}/m);
    expect(exported).toMatch(/^entra_token_refresh_duration_count\{.*entra_resource="graph".*\} 1$/m);
    expect(exported).not.toContain('token-1');
    await app.close();
  });

  it('reports nothing when the option is off', async () => {
    const { app, scrape } = await boot({ telemetry: false });
    expect(await scrape()).not.toContain('entra_');
    await app.close();
  });

  it('has a metric for each that the alert rules name', async () => {
    const { app, scrape } = await boot({ users });
    const tokens = app.get(EntraTokenService);
    tokens.invalidate(await tokens.getToken('graph'));
    const exported = await scrape();
    await app.close();
    const rules = readFileSync('docs/alerts.yml', 'utf8');
    const named = [...new Set(rules.match(/\bentra_(token|login|credential|user)_\w+/g))];
    expect(named.length).toBeGreaterThan(6);
    // These have values only after a login, with a certificate, with a shared cache, or when a store or a request fails.
    const later = [
      'entra_credential_remaining',
      'entra_login_outcome',
      'entra_login_duration_count',
      'entra_credential_store_failures_total',
      'entra_user_token_failures_total',
      'entra_user_cache_paused',
    ];
    for (const name of named.filter((one) => !later.includes(one))) expect(exported).toContain(`${name}{`);
  });
});
