import type { EndpointName } from '../http/endpoint.js';
import type { Fault } from './fault.js';

/** An endpoint, or every one of them. */
export type FaultTarget = EndpointName | 'all';

/**
 * Faults of the endpoints, at most one for each at a time.
 *
 * @example
 * await env.faults.set('token', { kind: 'http-status', status: 429, retryAfter: 30 }, { times: 2 });
 * await env.faults.set('imds', { kind: 'connection-refused' });
 * await env.faults.clear();
 */
export interface Faults {
  /**
   * Replaces the fault of an endpoint. It works from the moment of the call; the promise settles when a port that has
   * to open or close has done so.
   *
   * `token`, `discovery`, `jwks`, `authorize` and `device-code` share one port: connections refused for one are refused
   * for all. With `all`,
   * a fault in the token touches the endpoints that issue tokens, and one in the rest of a response the token endpoint.
   *
   * @param options.times - Only for the next so many requests. Default: until cleared.
   * @throws TypeError when the fault cannot happen at this endpoint, or `times` is not a positive whole number
   */
  set(endpoint: FaultTarget, fault: Fault, options?: { times?: number }): Promise<void>;
  /** Removes the fault of the endpoint, by default of all. Requests that hang already stay so. */
  clear(endpoint?: FaultTarget): Promise<void>;
}
