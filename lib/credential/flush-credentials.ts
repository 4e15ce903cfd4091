import { EntraTimeoutError } from '../errors/timeout.error.js';
import type { Clock } from '../refresh/clock.js';
import { withDeadline } from '../refresh/deadline.js';
import type { CredentialProvider } from './credential-provider.js';

const graceInMs = 2_000;

/**
 * Gives every credential a moment to store what it must not lose, such as a new refresh token, and calls under way the
 * same moment to end: they cannot be interrupted. It throws nothing.
 */
export async function flushCredentials(
  credentials: Iterable<CredentialProvider>,
  clock: Clock,
  underWay: Iterable<Promise<unknown>> = [],
): Promise<void> {
  const flushes = [...new Set(credentials)].map((credential) => credential.flush());
  await withDeadline(Promise.allSettled([...underWay, ...flushes]), {
    timeoutInMs: graceInMs,
    clock,
    onTimeout: () => new EntraTimeoutError('A credential', graceInMs, 'It is left behind.'),
  }).catch(() => undefined);
}
