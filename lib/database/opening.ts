import { EntraOptionsError } from '../common/entra-auth.error.js';

/** The option that opens the guard. */
export const openingOption = 'dangerouslySendTokenWithoutVerifiedTls';

/** When to open the guard, at the end of an error. */
export const openingFix = `Only where no other server can answer, set "${openingOption}" to true.`;

/** For what is wrong with TLS options. */
export const verifiedFix =
  'The token is sent as a clear password, so the server must be verified: leave it out, or give { ca }.';

/** Refuses what leaves the server unverified, unless the user has opened the guard. */
export function requireOpening(path: string, given: string, fix: string, allowsUnverified: boolean): void {
  if (!allowsUnverified) throw new EntraOptionsError(path, given, `${fix} ${openingFix}`);
}
