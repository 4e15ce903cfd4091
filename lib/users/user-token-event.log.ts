import type { Observable } from 'rxjs';

import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import type { UserRefusedEvent, UserTokenEvent } from './user-token-event.js';

const shortestIntervalInMs = 60_000;

/** Whether to write about something that may happen thousands of times a second: once a minute at most. */
class Occasion {
  #last = -Infinity;
  #count = 0;

  /** @returns how often it has happened so far, when it is to be written */
  note(at: Date): number | undefined {
    this.#count++;
    if (Math.abs(at.getTime() - this.#last) < shortestIntervalInMs) return undefined;
    this.#last = at.getTime();
    return this.#count;
  }

  end(): void {
    this.#last = -Infinity;
    this.#count = 0;
  }
}

/**
 * Writes when requests for users' tokens begin to fail for a reason that is not a user's, once a minute while they do, and when one
 * succeeds. Names no user.
 */
export function logUserTokenEvents(events: Observable<UserTokenEvent>, logger: LineLogger): void {
  const guarded = new GuardedLogger(logger);
  const [failing, refusing, storing] = [new Occasion(), new Occasion(), new Occasion()];
  events.subscribe((event) => {
    switch (event.type) {
      case 'user-token-failed': {
        const count = failing.note(event.at);
        const level = event.error.retryable ? 'warn' : 'error';
        const text = `Exchanges of users' tokens fail (${count} so far). ${event.error.message}`;
        return count === undefined ? undefined : guarded[level](text);
      }
      case 'user-tokens-recovered':
        failing.end();
        return guarded.log(`Exchanges of users' tokens succeed again, after ${event.failures} that failed.`);
      case 'user-interaction-required':
        return guarded.debug(`Entra wants a user of "${event.resource}"${numberOf(event)}.`);
      case 'user-assertion-refused': {
        const count = refusing.note(event.at);
        const fix = "Validate signature, audience and times of callers' tokens before anything is served.";
        const text = `Entra refused the tokens of callers (${count} so far)${numberOf(event)}. ${fix}`;
        return count === undefined ? undefined : guarded.warn(text);
      }
      case 'user-refresh-token-unsaved': {
        const count = storing.note(event.at);
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
