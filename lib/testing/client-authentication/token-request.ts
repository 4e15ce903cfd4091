import type { TokenFault } from '../faults/fault.js';

/** A request at the token endpoint of a tenant that exists. */
export interface TokenRequest {
  tenantId: string;
  parameters: URLSearchParams;
  /** The `Authorization` header. */
  authorization: string | undefined;
  tokenFault: TokenFault | undefined;
}
