import type { Observable } from 'rxjs';

import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { Occasion } from '../common/occasion.js';
import type { UserRefusedEvent, UserTokenEvent } from './user-token-event.js';

/**
 * Writes when requests for users' tokens begin to fail for a reason that is not a user's, once a minute while they do, and when one
 * succeeds. Names no user.
 */
export function logUserTokenEvents(events: Observable<UserTokenEvent>, logger: LineLogger): void {
  const guarded = new GuardedLogger(logger);
  // One that an operator must repair is news though others were written.
  const failing = { warn: new Occasion(), error: new Occasion() };
  const [refusing, storing] = [new Occasion(), new Occasion()];
  events.subscribe((event) => {
    switch (event.type) {
      case 'user-token-failed': {
        const level = event.error.retryable ? 'warn' : 'error';
        const count = failing[level].note(event.at.getTime());
        const text = `Exchanges of users' tokens fail (${count} so far). ${event.error.message}`;
        return count === undefined ? undefined : guarded[level](text);
      }
      case 'user-tokens-recovered':
        if (![failing.warn.end(), failing.error.end()].includes(true)) return;
        return guarded.log(`Exchanges of users' tokens succeed again, after ${event.failures} that failed.`);
      case 'user-interaction-required':
        return guarded.debug(`Entra wants a user of "${event.resource}"${numberOf(event)}.`);
      case 'user-assertion-refused': {
        const count = refusing.note(event.at.getTime());
        const fix = "Validate signature, audience and times of callers' tokens before anything is served.";
        const text = `Entra refused the tokens of callers (${count} so far)${numberOf(event)}. ${fix}`;
        return count === undefined ? undefined : guarded.warn(text);
      }
      case 'user-refresh-token-unsaved': {
        const count = storing.note(event.at.getTime());
        const text = `New refresh tokens of users cannot be stored (${count} so far). ${event.error.message}`;
        return count === undefined ? undefined : guarded.error(text);
      }
      case 'user-refresh-token-lost':
        return guarded.error(
          `The new refresh token of a user is lost with the process. ${event.error.message}`,
        );
    }
  });
}

function numberOf({ aadsts }: UserRefusedEvent): string {
  return aadsts === undefined ? '' : ` (AADSTS${aadsts})`;
}
