import type { Clock } from '../../common/clock.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { isError } from '../../common/thrown.js';
import type { AbortSignalLike } from '../../entra/token-credential.js';
import { getOnce } from './get-once.js';
import { imdsEndpoint } from './identity-endpoint.js';
import { isUnreachable } from './identity-failure.js';

const probeTimeoutInMs = 1_000;
const noRoute: ReadonlySet<unknown> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EHOSTDOWN', 'ECONNREFUSED']);

/**
 * Finds out within a second whether this machine has IMDS, by a request that IMDS refuses at once.
 *
 * @returns why it has none; `passing` if a connection was made but no response came
 */
export async function probeImds(
  clock: Clock,
  signal?: AbortSignalLike,
  { url } = imdsEndpoint(),
): Promise<{ reason: string; passing: boolean } | undefined> {
  const where = `IMDS (${url.host})`;
  try {
    const address = new URL(url.pathname, url);
    const response = await getOnce({
      name: where,
      url: address,
      headers: {},
      timeoutInMs: probeTimeoutInMs,
      clock,
      signal,
    });
    return isUnreachable(response) ? { reason: `${where} cannot be reached`, passing: false } : undefined;
  } catch (error) {
    if (error instanceof EntraTimeoutError) {
      const passing = Reflect.get(error, 'connected') === true;
      return { reason: `${where} did not answer within ${probeTimeoutInMs} ms`, passing };
    }
    const code: unknown = isError(error) ? Reflect.get(error, 'code') : undefined;
    const told = typeof code === 'string' ? ` (${code})` : '';
    return { reason: `${where} cannot be reached${told}`, passing: !noRoute.has(code) };
  }
}
