import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { ApiTags } from '@nestjs/swagger';
import { EntraDataSourceHealthIndicator, EntraTokenHealthIndicator } from 'nestjs-entra-auth';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tokens: EntraTokenHealthIndicator,
    private readonly database: EntraDataSourceHealthIndicator,
  ) {}

  /** Whether to restart the application: tokens and database are no reason, a restart would not bring them back. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Whether to send it requests: it holds its tokens, and a new login to the database works. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.tokens.isHealthy('tokens'),
      () => this.database.isHealthy('database'),
    ]);
  }
}
