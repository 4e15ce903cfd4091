import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
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
  @ApiOperation({ summary: 'Tell whether to restart the application' })
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Whether to send it requests: it holds its tokens, and a new login to the database works. */
  @Get('ready')
  @ApiOperation({ summary: 'Tell whether to send requests: tokens are held, and a new login works' })
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.tokens.isHealthy('tokens'),
      () => this.database.isHealthy('database'),
    ]);
  }
}
