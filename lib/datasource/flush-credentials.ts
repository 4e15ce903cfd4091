import { EntraTimeoutError } from '../errors/timeout.error.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { withDeadline } from '../refresh/deadline.js';

const graceInMs = 2_000;

/** Gives every credential a moment to store what it must not lose, such as a new refresh token. It throws nothing. */
export async function flushCredentials({ resources, clock }: ResolvedOptions): Promise<void> {
  const credentials = new Set([...resources.values()].map(({ credential }) => credential));
  await withDeadline(Promise.allSettled([...credentials].map((credential) => credential.flush())), {
    timeoutInMs: graceInMs,
    clock,
    onTimeout: () => new EntraTimeoutError('A credential', graceInMs, 'It is left behind.'),
  }).catch(() => undefined);
}
