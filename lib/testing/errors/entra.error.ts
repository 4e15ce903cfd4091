import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EndpointResponse, EndpointRequest } from '../http/endpoint.js';
import { isGuid } from '../checks.js';
import { aadstsDefaults } from './aadsts-codes.js';

/** What a refusal of the token endpoint has beyond its code. */
export interface EntraErrorDetails {
  /** OAuth error code. Default: what Entra sends with this AADSTS code. */
  error?: string | undefined;
  /** HTTP status. Default: what Entra sends with this AADSTS code. */
  status?: number | undefined;
  /** The sentence after `AADSTS…:`. */
  description?: string | undefined;
  /** Default: what Entra sends with this AADSTS code, if anything. */
  suberror?: string | undefined;
  /** `claims` that the next sign-in has to ask for, as JSON. Default: those of a policy, where Entra sends some. */
  claims?: string | undefined;
}

/** The request that is refused, as far as the answer repeats it. */
export interface RefusedRequest {
  headers: IncomingHttpHeaders;
}

/**
 * A refusal in Entra's words.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export class EntraError extends Error {
  override readonly name = 'EntraError';
  readonly error: string;
  readonly status: number;
  private readonly suberror: string | undefined;
  private readonly claims: string | undefined;

  /** @param code - The number after `AADSTS`. */
  constructor(
    readonly code: number,
    details: EntraErrorDetails = {},
  ) {
    const defaults = aadstsDefaults(code);
    super(`AADSTS${code}: ${details.description ?? defaults.description}`);
    this.error = details.error ?? defaults.error;
    this.status = details.status ?? defaults.status ?? 400;
    this.suberror = details.suberror ?? defaults.suberror;
    this.claims = details.claims ?? (defaults.claims && policyClaims());
  }

  /** @param now - Milliseconds since 1970, for the timestamp. */
  toResponse(now: number, { headers }: RefusedRequest): EndpointResponse {
    const timestamp = new Date(now).toISOString().replace('T', ' ').replace(/\.\d+/, '');
    const traceId = randomUUID();
    const correlationId = correlationIdOf(headers) ?? randomUUID();
    return {
      status: this.status,
      headers: { 'x-ms-request-id': traceId, 'client-request-id': correlationId },
      body: {
        error: this.error,
        error_description: `${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
        error_codes: [this.code],
        timestamp,
        trace_id: traceId,
        correlation_id: correlationId,
        ...(this.suberror === undefined ? {} : { suberror: this.suberror }),
        ...(this.claims === undefined ? {} : { claims: this.claims }),
        error_uri: `https://login.microsoftonline.com/error?code=${this.code}`,
      },
    };
  }
}

/** The ID that a client gave its request; anything but a GUID is ignored, as by Entra. */
function correlationIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['client-request-id'];
  return typeof id === 'string' && isGuid(id) ? id : undefined;
}

/** @see https://learn.microsoft.com/entra/identity-platform/v2-conditional-access-dev-guide */
function policyClaims(): string {
  return JSON.stringify({ access_token: { capolids: { essential: true, values: [randomUUID()] } } });
}

/** The answer as a successful response, or the {@link EntraError} that it throws as a refusal. */
export function answerOrRefuse(
  request: EndpointRequest,
  now: () => number,
  answer: () => object,
): EndpointResponse {
  try {
    return { status: 200, body: answer() };
  } catch (error) {
    if (error instanceof EntraError) return error.toResponse(now(), request);
    throw error;
  }
}
