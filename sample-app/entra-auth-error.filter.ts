import { Catch, Logger, ServiceUnavailableException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EntraAuthError } from 'nestjs-entra-auth';

/**
 * Answers 503 when no token can be had or the database refuses it. The error's message, which names roles and hosts,
 * goes to the log and not to the client.
 */
@Catch(EntraAuthError)
export class EntraAuthErrorFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(EntraAuthErrorFilter.name);

  override catch(error: EntraAuthError, host: ArgumentsHost): void {
    this.logger.error(error.message);
    const answer = new ServiceUnavailableException({
      statusCode: 503,
      message: 'This needs a service that is not available at the moment. Please try again later.',
      error: error.code,
    });
    super.catch(answer, host);
  }
}
