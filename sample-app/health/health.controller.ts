import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  EntraDataSourceHealthIndicator,
  EntraRedisHealthIndicator,
  EntraTokenHealthIndicator,
} from 'nestjs-entra-auth';

import { Platform } from '../platform/platform.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tokens: EntraTokenHealthIndicator,
    private readonly database: EntraDataSourceHealthIndicator,
    private readonly redis: EntraRedisHealthIndicator,
    private readonly platform: Platform,
  ) {}

  /** Whether to restart the application: tokens and database are no reason, a restart would not bring them back. */
  @Get('live')
  @ApiOperation({ summary: 'Tell whether to restart the application' })
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Whether to send it requests: it holds its tokens, and new logins to database and Redis work. */
  @Get('ready')
  @ApiOperation({ summary: 'Tell whether to send requests: tokens are held, and new logins work' })
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    const server = this.platform.redis;
    return this.health.check([
      () => this.tokens.isHealthy('tokens'),
      () => this.database.isHealthy('database'),
      ...(server ? [() => this.redis.isHealthy('redis', server)] : []),
    ]);
  }
}
