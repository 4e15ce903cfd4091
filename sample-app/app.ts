import { ValidationPipe, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

import { AppModule } from './app.module.js';

/** The whole application, ready to listen. */
export async function createApp(): Promise<INestApplication> {
  // The library reports every refresh at debug level; this application has its own line for it.
  const app = await NestFactory.create(AppModule, { logger: ['log', 'warn', 'error', 'fatal'] });
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      stopAtFirstError: true,
    }),
  );
  // On SIGTERM and Ctrl-C the refresh timers, the pool and the local platform end with the application.
  app.enableShutdownHooks();

  const description = new DocumentBuilder()
    .setTitle('Notes without a password')
    .setDescription(
      'A NestJS application that logs in to PostgreSQL and Microsoft Graph with Entra ID tokens.',
    )
    .addBearerAuth()
    .build();
  SwaggerModule.setup('api', app, () => SwaggerModule.createDocument(app, description));
  return app;
}
