import type { TokenEndpointAddress } from '../token-endpoint-address.js';

/** What a client adds to a request to prove who it is. */
export interface ClientProof {
  parameters: Readonly<Record<string, string>>;
  authorization?: string;
  /** What must not come to light when the server repeats it. */
  secrets: readonly string[];
}

/** One way of proving who the client is. */
export interface ClientAuthentication {
  /** @throws {InvalidClientError} when the proof cannot be made */
  prove(endpoint: TokenEndpointAddress): Promise<ClientProof> | ClientProof;
}
