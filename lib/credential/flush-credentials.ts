import type { Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import type { CredentialProvider } from './credential-provider.js';

/** How long a shutdown waits by default, in milliseconds. */
export const graceInMs = 2_000;

/** What a credential could not store before the end. */
export interface CredentialLoss {
  readonly credential: CredentialProvider;
  readonly problem: string;
  readonly fix: string;
}

/**
 * Waits until every credential has stored what must not be lost, such as the refresh token of a redemption in flight. Other
 * calls in flight get two seconds to end: they cannot be interrupted.
 *
 * @returns what is lost when the process ends now; never rejects
 */
export async function flushCredentials(
  credentials: Iterable<CredentialProvider>,
  clock: Clock,
  underWay: Iterable<Promise<unknown>> = [],
): Promise<CredentialLoss[]> {
  const calls = withDeadline(Promise.allSettled(underWay), {
    timeoutInMs: graceInMs,
    clock,
    onTimeout: late,
  });
  const flushes = [...new Set(credentials)].map((credential) => flush(credential, clock));
  const [, ...losses] = await Promise.all([calls.catch(() => undefined), ...flushes]);
  return losses.filter((loss) => loss !== undefined);
}

async function flush(credential: CredentialProvider, clock: Clock): Promise<CredentialLoss | undefined> {
  const timeoutInMs = credential.flushTimeoutInMs ?? graceInMs;
  const flushing = credential.flush().catch(() => undefined);
  try {
    await withDeadline(flushing, { timeoutInMs, clock, onTimeout: late });
  } catch {
    return {
      credential,
      problem: `The credential was given up after ${timeoutInMs} ms; a new refresh token that it waited for may be lost.`,
      fix: 'Raise its "shutdownTimeoutInMs", and the time that the platform gives the process to end.',
    };
  }
  const unsaved = credential.unsaved();
  return unsaved === undefined ? undefined : { credential, ...unsaved };
}

const late = (): Error => new EntraTimeoutError('A credential', graceInMs, 'It is left behind.');
