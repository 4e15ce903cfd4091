import { randomBytes } from 'node:crypto';
import type { TokenSubject } from './hand-made-token.js';

/** Entra dates its access tokens five minutes back, so that clocks that are a little slow accept them. */
export const backdatedBySeconds = 300;

/** What varies between the tokens of one subject. */
export interface AccessTokenContent {
  audience: string;
  /** Seconds since 1970. */
  now: number;
  lifetimeInSeconds: number;
  notBeforeInSeconds?: number | undefined;
  tenantId?: string | undefined;
}

/**
 * The claims of a version 1.0 access token for an application, as Entra issues it for Microsoft's own APIs.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function accessTokenClaims(
  subject: TokenSubject,
  content: AccessTokenContent,
): Record<string, unknown> {
  const { audience, now, lifetimeInSeconds, notBeforeInSeconds = -backdatedBySeconds } = content;
  const tenantId = content.tenantId ?? subject.tenantId;
  const issuer = `https://sts.windows.net/${tenantId}/`;
  return {
    aud: audience,
    iss: issuer,
    iat: now - backdatedBySeconds,
    nbf: now + notBeforeInSeconds,
    exp: now + lifetimeInSeconds,
    appid: subject.clientId,
    idp: issuer,
    idtyp: 'app',
    oid: subject.objectId,
    sub: subject.objectId,
    tid: tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
  };
}

/**
 * The claims of a version 2.0 access token, for an API that has asked for it (`requestedAccessTokenVersion`): its
 * audience is always the client ID.
 */
export function asVersionTwo(
  { appid, appidacr, idp: _idp, unique_name: name, upn: _upn, ...claims }: Record<string, unknown>,
  audience: string,
  host: string,
): Record<string, unknown> {
  return {
    ...claims,
    aud: audience,
    iss: `${host}/${String(claims.tid)}/v2.0`,
    azp: appid,
    azpacr: appidacr,
    ...(name !== undefined && { preferred_username: name }),
    ver: '2.0',
  };
}
