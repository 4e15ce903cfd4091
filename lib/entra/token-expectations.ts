import type { EntraCloud } from './clouds.js';
import type { TokenExpectations } from './token-validation.js';
import { databaseAudiences } from './well-known-resources.js';

const nothingExpected: TokenExpectations = { audiences: undefined, tenantId: undefined };
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What tokens for these scopes must satisfy: only databases' tokens are checked beyond their times. */
export function expectationsOf(
  scopes: readonly string[],
  tenantId: string | undefined,
  cloud: EntraCloud,
): TokenExpectations {
  const audiences = scopes[0] === undefined ? undefined : databaseAudiences(scopes[0], cloud);
  if (audiences === undefined) return nothingExpected;
  return { audiences, tenantId: tenantId !== undefined && guid.test(tenantId) ? tenantId : undefined };
}
