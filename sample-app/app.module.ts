import { Module } from '@nestjs/common';
import { ConditionalModule, ConfigModule } from '@nestjs/config';
import { APP_FILTER, ModuleRef } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EntraAuthModule, EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';
import { CreateEntraSignIn1795914000000 } from 'nestjs-entra-auth/typeorm';

import { validateEnvironment } from './config/environment-variables.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { EntraAuthErrorFilter } from './entra-auth-error.filter.js';
import { GraphModule } from './graph/graph.module.js';
import { HealthModule } from './health/health.module.js';
import { MailModule } from './mail/mail.module.js';
import { CreateMailDigests1796000000000 } from './mail/migrations/1796000000000-create-mail-digests.js';
import { CreateNotes1763683200000 } from './notes/migrations/1763683200000-create-notes.js';
import { NotesModule } from './notes/notes.module.js';
import { OrganizationModule } from './organization/organization.module.js';
import { Platform } from './platform/platform.js';
import { PlatformModule } from './platform/platform.module.js';
import { hasRedis } from './platform/redis-server.js';
import { hasRegistration } from './platform/registration.js';
import { RedisModule } from './redis/redis.module.js';
import { userTokenOptions } from './sign-in/user-token.options.js';
import { StatusModule } from './status/status.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, validate: validateEnvironment }),
    // Modules shut down in reverse order: the local platform, if any, outlives everything that is connected to it.
    PlatformModule,
    ScheduleModule.forRoot(),
    EntraAuthModule.forRootAsync({
      inject: [Platform, ModuleRef],
      useFactory: (platform: Platform, modules: ModuleRef) => ({
        credential: platform.credential,
        // Graph may then revoke a token before its expiry; the client answers its challenge.
        resources: { postgres: {}, graph: { enableCae: true }, ...(platform.redis && { redis: {} }) },
        users: platform.registration && userTokenOptions(platform.registration, modules),
        dataSource: {
          type: 'postgres',
          ...platform.database,
          autoLoadEntities: true,
          migrations: [
            CreateNotes1763683200000,
            CreateEntraSignIn1795914000000,
            CreateMailDigests1796000000000,
          ],
          migrationsRun: true,
        },
      }),
    }),
    TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
    GraphModule,
    NotesModule,
    OrganizationModule,
    ConditionalModule.registerWhen(MailModule, hasRegistration),
    ConditionalModule.registerWhen(RedisModule, hasRedis),
    HealthModule,
    StatusModule,
    DashboardModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: EntraAuthErrorFilter }],
})
export class AppModule {}
