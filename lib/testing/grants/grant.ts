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
