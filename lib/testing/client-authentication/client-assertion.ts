import { EntraError } from '../errors/entra.error.js';
import type { JsonWebToken } from '../optional-packages.js';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A client assertion as read, its signature not yet checked. */
export interface ClientAssertion {
  token: string;
  header: { alg?: unknown; x5t?: unknown; 'x5t#S256'?: unknown };
  claims: { iss?: unknown; sub?: unknown; aud?: unknown; nbf?: unknown; exp?: unknown };
}

/**
 * Reads the client assertion of a request.
 *
 * @returns undefined when there is none
 * @throws EntraError AADSTS50027 when it is not a JWT
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 */
export function readClientAssertion(
  jwt: JsonWebToken,
  parameters: URLSearchParams,
): ClientAssertion | undefined {
  const token = parameters.get('client_assertion');
  if (token === null || parameters.get('client_assertion_type') !== assertionType) return undefined;
  const decoded = jwt.decode(token, { complete: true });
  if (decoded === null || typeof decoded.payload === 'string') throw new EntraError(50027);
  return { token, header: decoded.header, claims: decoded.payload };
}

/** @throws EntraError AADSTS700024 outside `nbf` and `exp` */
export function checkAssertionLifetime({ claims }: ClientAssertion, nowInMs: number): void {
  const now = nowInMs / 1000;
  const begun = typeof claims.nbf !== 'number' || claims.nbf <= now + toleranceInSeconds;
  if (typeof claims.exp === 'number' && claims.exp > now - toleranceInSeconds && begun) return;
  throw new EntraError(700024, {
    description: `Client assertion is not within its valid time range. Current time: ${new Date(nowInMs).toISOString()}, assertion valid from ${String(claims.nbf)}, expiry time of assertion ${String(claims.exp)} (seconds since 1970).`,
  });
}

// Assertions are made with the client's clock.
const toleranceInSeconds = 300;
