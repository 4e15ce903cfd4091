import { randomUUID } from 'node:crypto';
import type { EndpointResponse } from '../http/endpoint.js';
import { aadstsDefaults } from './aadsts-codes.js';

/** What a refusal of the token endpoint says beyond its code. */
export interface EntraErrorDetails {
  /** OAuth error code. Default: what Entra sends with this AADSTS code. */
  error?: string | undefined;
  /** HTTP status. Default: what Entra sends with this AADSTS code. */
  status?: number | undefined;
  /** The sentence after `AADSTS…:`. */
  description?: string | undefined;
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

  /** @param code - The number after `AADSTS`. */
  constructor(
    readonly code: number,
    details: EntraErrorDetails = {},
  ) {
    const defaults = aadstsDefaults(code);
    super(`AADSTS${code}: ${details.description ?? defaults.description}`);
    this.error = details.error ?? defaults.error;
    this.status = details.status ?? defaults.status;
    this.suberror = defaults.suberror;
  }

  /** @param now - Milliseconds since 1970, for the timestamp. */
  toResponse(now: number): EndpointResponse {
    const timestamp = new Date(now).toISOString().replace('T', ' ').replace(/\.\d+/, '');
    const traceId = randomUUID();
    const correlationId = randomUUID();
    return {
      status: this.status,
      headers: { 'x-ms-request-id': traceId },
      body: {
        error: this.error,
        error_description: `${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
        error_codes: [this.code],
        timestamp,
        trace_id: traceId,
        correlation_id: correlationId,
        ...(this.suberror === undefined ? {} : { suberror: this.suberror }),
        error_uri: `https://login.microsoftonline.com/error?code=${this.code}`,
      },
    };
  }
}
