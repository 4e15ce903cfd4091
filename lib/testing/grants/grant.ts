import type { TokenRequest } from '../client-authentication/token-request.js';

/** One value of `grant_type`. */
export interface Grant {
  readonly type: string;
  /**
   * The members of the successful response, its numbers as numbers.
   *
   * @throws EntraError
   */
  respond(request: TokenRequest): Record<string, unknown>;
}

/** What a grant has answered, as it goes out: version 1.0 writes numbers as strings, and a fault may do more. */
export function finishedResponse(
  members: Record<string, unknown>,
  { version, grantFault }: Pick<TokenRequest, 'version' | 'grantFault'>,
): object {
  const inStrings = version === '1.0' || grantFault?.kind === 'string-numbers';
  const written = inStrings ? withoutNumbers(members) : members;
  return grantFault?.kind === 'altered-response' ? { ...written, ...grantFault.members } : written;
}

function withoutNumbers(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  );
}
