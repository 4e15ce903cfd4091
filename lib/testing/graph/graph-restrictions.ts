import { atLeast } from '../checks.js';
import { backdatedBySeconds } from '../tokens/access-token.claims.js';
import { requestForNewer } from '../tokens/requested-claims.js';
import type { VerifiedClaims } from '../tokens/verified-token.js';
import { challenge, type GraphRefusal } from './graph-error.js';

/** Clients that Graph throttles, and principals whose sessions were revoked. */
export class GraphRestrictions {
  /** By client ID, in milliseconds since 1970. */
  private readonly throttledUntil = new Map<string, number>();
  /** By object ID, in seconds since 1970. */
  private readonly revokedAt = new Map<string, number>();

  /** @param now - Milliseconds since 1970. */
  constructor(private readonly now: () => number) {}

  /** @throws RangeError */
  throttle(clientId: string, retryAfterInSeconds: number): void {
    const seconds = atLeast(0, retryAfterInSeconds, 'retryAfterInSeconds');
    this.throttledUntil.set(clientId, this.now() + seconds * 1000);
  }

  revoke(objectId: string): void {
    this.revokedAt.set(objectId, Math.floor(this.now() / 1000));
  }

  /** Why a token that is good otherwise is refused at this moment. */
  refusalOf(claims: VerifiedClaims): GraphRefusal | undefined {
    return this.throttling(claims) ?? this.revocation(claims);
  }

  private throttling({ appid = '' }: VerifiedClaims): GraphRefusal | undefined {
    const leftInMs = (this.throttledUntil.get(appid) ?? 0) - this.now();
    if (leftInMs <= 0) return undefined;
    return {
      status: 429,
      code: 'TooManyRequests',
      message: 'Too many requests. Please try again later.',
      headers: { 'retry-after': String(Math.ceil(leftInMs / 1000)) },
    };
  }

  /** Accepts tokens of clients without CAE, and those of the same second. */
  private revocation(claims: VerifiedClaims): GraphRefusal | undefined {
    const revokedAt = this.revokedAt.get(claims.oid);
    const issuedAt = claims.iat + backdatedBySeconds;
    if (revokedAt === undefined || issuedAt >= revokedAt || !understandsChallenges(claims)) return undefined;
    const message =
      'Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp';
    return challenge(message, requestForNewer(revokedAt));
  }
}

/** Whether the client declared to understand claims challenges. */
export function understandsChallenges({ xms_cc: capabilities }: VerifiedClaims): boolean {
  return Array.isArray(capabilities) && capabilities.some((one) => /^cp1$/i.test(String(one)));
}
