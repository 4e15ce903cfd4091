import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';

import type { TokenEvent } from './token-event.js';

/** Writes one readable line for each event: what needs somebody as warning or error, the rest at debug level. */
export function logTokenEvents(events: Observable<TokenEvent>, logger = new Logger('EntraAuth')): void {
  events.subscribe((event) => {
    const token = `access token of "${event.resource}"`;
    switch (event.type) {
      case 'acquired':
      case 'refreshed':
        logger.debug(`The ${token} was ${event.type}; it expires at ${event.expiresAt.toISOString()}.`);
        break;
      case 'unchanged':
        logger.debug(`The ${token} is still the same; next attempt at ${event.nextRefreshAt.toISOString()}.`);
        break;
      case 'refresh-failed': {
        const held =
          event.expiresAt === undefined ? '' : ` The held one serves until ${event.expiresAt.toISOString()}.`;
        const line = `${event.error.message}${held} Next attempt at ${event.nextRefreshAt.toISOString()}.`;
        if (event.error.retryable) logger.warn(line);
        else logger.error(line);
        break;
      }
      case 'reauthentication-required': {
        const held =
          event.expiresAt === undefined
            ? 'There is none.'
            : `The held one serves until ${event.expiresAt.toISOString()}.`;
        logger.error(`No new ${token} without a new sign-in. ${held} ${event.fix}`);
        break;
      }
      case 'expiring':
        logger.error(
          `The ${token} expires at ${event.expiresAt.toISOString()} and could not be replaced so far.`,
        );
        break;
      case 'expired':
        logger.error(`The ${token} expired at ${event.expiresAt.toISOString()} and could not be replaced.`);
        break;
      case 'rejected':
        logger.warn(`The ${token} was rejected by a server before its expiry; a new one is being fetched.`);
        break;
      case 'recovered':
        logger.log(`The ${token} can be refreshed again.`);
        break;
    }
  });
}
