/** The tokens of the benchmark's users, which client and server make alike. Nobody here checks a signature. */
import { createHash } from 'node:crypto';

export const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
export const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = part({ alg: 'RS256', typ: 'JWT', kid: 'k'.repeat(27) });
const signature = 's'.repeat(342);
// As it comes from a socket, in one piece: joined by the first use of a text, its second copy would count as ours.
const token = (claims) => Buffer.from(`${header}.${part(claims)}.${signature}`).toString('latin1');
const lifeInSeconds = 6 * 3600;

export const oidOf = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function claims(oid, more) {
  const now = Math.floor(Date.now() / 1000);
  const iss = `https://login.microsoftonline.com/${tenantId}/v2.0`;
  return {
    iss,
    iat: now,
    nbf: now,
    exp: now + lifeInSeconds,
    oid,
    tid: tenantId,
    sub: `subject of ${oid}`,
    ...more,
  };
}

/** An access token of 2 kB for the API, as a client sends it. */
export function assertionOf(n) {
  const more = {
    aud: clientId,
    azp: 'client',
    scp: 'access_as_user',
    name: `User ${n}`,
    wids: 'w'.repeat(760),
  };
  return token(claims(oidOf(n), more));
}

/** What Graph would be called with. */
export const accessTokenOf = (oid) =>
  token(claims(oid, { aud: 'https://graph.microsoft.com', scp: 'User.Read', xms: 'x'.repeat(700) }));

export const idTokenOf = (oid) =>
  token(claims(oid, { aud: clientId, preferred_username: `${oid}@contoso.example` }));

export const refreshTokenOf = (oid) => `0.${createHash('sha512').update(oid).digest('base64url').repeat(10)}`;

export const clientInfoOf = (oid) => part({ uid: oid, utid: tenantId });

/** `oid` of a token. */
export const oidIn = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString()).oid;
