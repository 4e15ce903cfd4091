import { EntraError, type RefusedRequest } from '../errors/entra.error.js';
import type { EndpointResponse } from '../http/endpoint.js';
import type { ResponseFault } from './fault.js';

/** The faults that are a complete answer, only a wrong one. */
export type AnsweredFault = Extract<
  ResponseFault,
  { kind: 'http-status' | 'entra-error' | 'invalid-json' | 'html-page' }
>;

/** @param now - Milliseconds since 1970, for timestamps in the answer. */
export function faultResponse(fault: AnsweredFault, now: number, request: RefusedRequest): EndpointResponse {
  switch (fault.kind) {
    case 'http-status':
      return {
        status: fault.status,
        headers: {
          ...(fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }),
          ...fault.headers,
        },
        body: fault.body ?? '',
      };
    case 'entra-error':
      return new EntraError(fault.code, fault).toResponse(now, request);
    case 'invalid-json':
      return {
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: '{"token_type":"Bearer","expires_in":35',
      };
    case 'html-page': {
      const status = fault.status ?? 502;
      return {
        status,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: `<!doctype html><html><head><title>${status}</title></head><body><h1>Something went wrong</h1></body></html>`,
      };
    }
  }
}
