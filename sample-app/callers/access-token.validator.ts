import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTVerifyOptions } from 'jose';

import { Platform } from '../platform/platform.js';

/** Who calls, as a valid token tells. */
export interface Caller {
  /** Names this person and no other: ids of the tenant and of the user in it. Names and addresses may change hands. */
  userKey: string;
  /** What the front end may do for the person here. */
  scopes: readonly string[];
}

const hourInMs = 3_600_000;

/** What is wrong with a token. Everything else is a failure to get the keys. */
const untrusted = [
  ...[errors.JWTInvalid, errors.JWTExpired, errors.JWTClaimValidationFailed],
  ...[errors.JWSInvalid, errors.JWSSignatureVerificationFailed, errors.JWKSNoMatchingKey],
  ...[errors.JOSEAlgNotAllowed, errors.JOSENotSupported],
];

/** The key under which a person is known here. */
export function userKeyOf(tenantId: unknown, objectId: unknown): string | undefined {
  if (typeof tenantId !== 'string' || typeof objectId !== 'string') return undefined;
  return tenantId === '' || objectId === '' ? undefined : `${tenantId}.${objectId}`;
}

/**
 * Validates access tokens of version 2.0 for this application: the signature by the keys of Entra, issuer, audience and times.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
 */
@Injectable()
export class AccessTokenValidator {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private readonly expected: JWTVerifyOptions;

  constructor({ registration, fetch }: Platform) {
    if (registration === undefined) throw new TypeError('The platform has no registration.');
    const { authorityHost, tenantId, clientId } = registration;
    const tenant = `${authorityHost}/${tenantId}`;
    this.keys = createRemoteJWKSet(new URL(`${tenant}/discovery/v2.0/keys`), {
      [customFetch]: fetch,
      // An unknown key is looked for in any case. By default known ones are of no use ten minutes after, should Entra be down.
      cacheMaxAge: 24 * hourInMs,
    });
    this.expected = {
      issuer: `${tenant}/v2.0`,
      audience: clientId,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'oid', 'tid', 'scp'],
    };
  }

  /** @returns undefined for a token that must not be trusted */
  async validate(token: string): Promise<Caller | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.keys, this.expected);
      const userKey = userKeyOf(payload['tid'], payload['oid']);
      const scopes = String(payload['scp']).split(' ');
      return userKey === undefined ? undefined : { userKey, scopes };
    } catch (error) {
      if (untrusted.some((kind) => error instanceof kind)) return undefined;
      throw new ServiceUnavailableException('The keys of Entra cannot be read at the moment.');
    }
  }
}
