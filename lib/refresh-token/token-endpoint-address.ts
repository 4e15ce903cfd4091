/** Where a request goes, and on whose behalf. */
export interface TokenEndpointAddress {
  /** URL of the token endpoint. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly tenantId: string;
}
