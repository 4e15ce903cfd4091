/** Where a request goes, and which application sends it. */
export interface TokenEndpointAddress {
  /** URL of the token endpoint. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly tenantId: string;
}

/** What a client adds to a request to authenticate. */
export interface ClientParameters {
  parameters: Readonly<Record<string, string>>;
  /** Header `Authorization`. */
  authorization?: string;
  /** What errors must not show when the server repeats it. */
  secrets: readonly string[];
}

/**
 * One method of client authentication.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3
 */
export interface ClientAuthentication {
  /** @throws {InvalidClientError} when the parameters cannot be made */
  authenticate(endpoint: TokenEndpointAddress): Promise<ClientParameters> | ClientParameters;
  /** When the certificate that was sent last expires. */
  certificateExpiresAt?(): Date | undefined;
}

/** A public client cannot keep a secret: it sends its id alone. */
export const publicClient: ClientAuthentication = {
  authenticate: ({ clientId }) => ({ parameters: { client_id: clientId }, secrets: [] }),
};
