/** A token for Azure Database, distinct by its id. Its end is what the credential returns with it. */
export function databaseToken(id: string): string {
  return jwt({ aud: 'https://ossrdbms-aad.database.windows.net', id });
}

/** One of so many bytes. */
export function databaseTokenOf(sizeInBytes: number): string {
  return databaseToken('long').padEnd(sizeInBytes, 's');
}

/** An unsigned JWT: the engine reads claims and leaves signatures to the server. */
export function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`;
}
