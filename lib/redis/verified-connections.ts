import { checkServerIdentity, type PeerCertificate } from 'node:tls';

import { InsecureConnectionError } from '../common/entra-auth.error.js';

/** What a login must pass before it gets a token. */
export interface ConnectionCheck {
  /** How messages name the server. */
  readonly server: string;
  /** @throws {InsecureConnectionError} */
  check(): void;
}

/**
 * Lets as many connections log in as had their server verified. node-redis shows no socket to its credentials provider, but
 * Node.js asks `checkServerIdentity` on each connection whose certificate is trusted, and on no other one.
 */
export class VerifiedConnections implements ConnectionCheck {
  readonly server: string;
  #verified = 0;

  constructor(server: string) {
    this.server = server;
  }

  /** The option of `node:tls`. */
  readonly checkServerIdentity = (host: string, certificate: PeerCertificate): Error | undefined => {
    const error = checkServerIdentity(host, certificate);
    if (error === undefined) this.#verified++;
    return error;
  };

  check(): void {
    if (this.#verified === 0) {
      throw new InsecureConnectionError(
        `The connection to "${this.server}" is not verified TLS; no token was sent.`,
        'Give the client what entraNodeRedisOptions returned, with its "socket".',
      );
    }
    this.#verified--;
  }
}
