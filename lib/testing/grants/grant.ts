import type { TokenRequest } from '../client-authentication/token-request.js';

/** One value of `grant_type`. */
export interface Grant {
  readonly type: string;
  /**
   * The body of the successful response.
   *
   * @throws EntraError
   */
  respond(request: TokenRequest): object;
}
