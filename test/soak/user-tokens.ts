/** The tokens of the soak's users, unsigned: who exchanges them reads them alone. */
export const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
export const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = part({ alg: 'RS256', typ: 'JWT' });

export const oidOf = (user: number): string => `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`;

/** Of as many characters as one of Entra. */
function tokenOf(claims: Record<string, unknown>): string {
  const text = `${header}.${part({ tid: tenantId, ...claims })}.${'s'.repeat(342)}`;
  return Buffer.from(text.padEnd(1_500, 's')).toString('latin1');
}

export function assertionOf(user: number, issuedAt: number, endsAt: number): string {
  const times = { iat: Math.floor(issuedAt / 1_000), exp: Math.floor(endsAt / 1_000) };
  return tokenOf({ aud: clientId, azp: 'client', scp: 'access_as_user', oid: oidOf(user), ...times });
}

/** Without times: the server does not know the clock of the soak. */
export function accessTokenOf(oid: string): string {
  return tokenOf({ aud: 'https://graph.microsoft.com', scp: 'User.Read', oid });
}

/** `oid` of a token. */
export function oidIn(token: string): unknown {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { oid?: unknown }).oid;
}
