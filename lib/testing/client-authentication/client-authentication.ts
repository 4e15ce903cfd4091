import type { ServicePrincipal } from '../directory/service-principal.js';
import type { TokenRequest } from './token-request.js';

/** A client that has proved who it is. */
export interface AuthenticatedClient {
  principal: ServicePrincipal;
  /** `appidacr` of its tokens: as a public client, by a secret, or by a certificate or assertion. */
  appidacr: '0' | '1' | '2';
}

/** One way for a client to prove who it is. */
export interface ClientAuthentication {
  /**
   * @returns undefined when the request does not use this way
   * @throws EntraError when it does, but proves nothing
   */
  authenticate(request: TokenRequest): AuthenticatedClient | undefined;
}
