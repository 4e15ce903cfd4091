import { createHash, randomUUID } from 'node:crypto';

import type { HandMadeToken, LocalEntra } from 'nestjs-entra-auth/testing';

/** A person who calls an API. */
export interface Caller {
  objectId: string;
  name: string;
}

export function makeCaller(n = 0): Caller {
  return { objectId: randomUUID(), name: `Caller ${n}` };
}

/** An access token for the API of the local Entra's first client, such as the client of that person would get. */
export function assertionOf(
  entra: LocalEntra,
  { objectId, name }: Caller,
  changes: Partial<HandMadeToken> = {},
): string {
  const { clientId } = entra.client;
  const { claims, ...rest } = changes;
  return entra.issueToken({
    audience: `api://${clientId}`,
    lifetimeInSeconds: 3600,
    ...rest,
    claims: {
      appid: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
      idtyp: 'user',
      name,
      oid: objectId,
      scp: 'access_as_user',
      sub: createHash('sha256').update(objectId).digest('base64url'),
      upn: `${objectId}@contoso.example`,
      ...claims,
    },
  });
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}
