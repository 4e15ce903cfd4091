import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  EntraAuthModule,
  EntraDataSourceHealthIndicator,
  EntraTokenHealthIndicator,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
} from 'nestjs-entra-auth';
import { fakeEntraTokens } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

@Injectable()
class Caller {
  constructor(private readonly tokens: EntraTokenService) {}

  async call(): Promise<string> {
    return (await this.tokens.getToken('graph')).token;
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tokens: EntraTokenHealthIndicator,
    private readonly database: EntraDataSourceHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  ready() {
    return this.health.check([
      () => this.tokens.isHealthy('entra'),
      () => this.database.areHealthy('database'),
    ]);
  }
}

let asked = 0;
const credential = {
  getToken: () => {
    asked += 1;
    return Promise.reject(new Error('The real credential was asked.'));
  },
};

/** An application as its author wrote it: nothing in it knows of tests. */
@Module({
  imports: [
    TerminusModule.forRoot({ logger: false }),
    EntraAuthModule.forRoot({
      credential,
      resources: { graph: {} },
      dataSource: { type: 'postgres', host: 'db.example', username: 'app', database: 'app' },
    }),
    TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
  ],
  controllers: [HealthController],
  providers: [Caller],
})
class AppModule {}

async function boot(fake: ReturnType<typeof fakeEntraTokens>): Promise<INestApplication> {
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(EntraTokenService)
    .useValue(fake)
    .compile();
  const app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('an application whose EntraTokenService is overridden by fakeEntraTokens', () => {
  it('boots without a network or a database, fails and recovers with its health', async () => {
    const tokens = fakeEntraTokens({ graph: 'token', postgres: 'password' });
    const app = await boot(tokens);
    try {
      const health = async () => {
        const response = await fetch(`${await app.getUrl()}/health`);
        const { details } = (await response.json()) as { details: Record<string, { status: string }> };
        return [response.status, details['entra']?.status, details['database']?.status];
      };
      await expect(app.get(Caller).call()).resolves.toBe('token');
      expect(app.get<DataSource>(getDataSourceToken()).isInitialized).toBe(false);
      expect(await health()).toEqual([200, 'up', 'up']);

      tokens.fail();
      await expect(app.get(Caller).call()).resolves.toBe('token');
      expect(await health()).toEqual([200, 'degraded', 'up']);

      tokens.expire();
      await expect(app.get(Caller).call()).rejects.toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
      expect((await health())[0]).toBe(503);

      tokens.recover();
      expect((await health())[1]).toBe('up');
      expect(asked).toBe(0);
    } finally {
      await app.close();
    }
  });

  it('has its data source down when the token for it is not to be had', async () => {
    const tokens = fakeEntraTokens({ graph: 'token', postgres: 'password' });
    const app = await boot(tokens);
    try {
      tokens.fail('postgres');
      tokens.expire('postgres');
      const indicator = app.get(EntraDataSourceHealthIndicator);
      await expect(indicator.isHealthy('database')).resolves.toMatchObject({
        database: { status: 'down', message: expect.stringContaining('"postgres"') },
      });
      await expect(indicator.isHealthy('database', { name: 'reports' })).resolves.toMatchObject({
        database: { status: 'down', message: expect.stringContaining('"reports" is not configured') },
      });
    } finally {
      await app.close();
    }
  });
});
