import type { IncomingHttpHeaders } from 'node:http';
import type { GrantFault, TokenFault } from '../faults/fault.js';

/** The parts of the local Entra whose requests are counted and whose faults are set apart. */
export type EndpointName =
  'discovery' | 'jwks' | 'authorize' | 'device-code' | 'token' | 'imds' | 'app-service' | 'graph';

/** A request as endpoints see it: read completely, its path without a trailing slash. */
export interface EndpointRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  /** Set when the endpoint is to issue a token with something wrong in it. */
  tokenFault?: TokenFault | undefined;
  /** Set when something else is to be wrong. */
  grantFault?: GrantFault | undefined;
}

/** An object becomes JSON; a string is sent as it is, as text unless a header differs. */
export interface EndpointResponse {
  status: number;
  headers?: Record<string, string>;
  body?: object | string;
}

/** One thing that the local Entra answers. */
export interface Endpoint {
  readonly name: EndpointName;
  matches(path: string): boolean;
  /** What the request asks a token for, as the client wrote it; only endpoints that issue tokens have it. */
  resourceOf?(request: EndpointRequest): string | undefined;
  /** How many requests it takes. */
  readonly limit?: { enter(): (() => void) | undefined } | undefined;
  handle(request: EndpointRequest): EndpointResponse;
}
