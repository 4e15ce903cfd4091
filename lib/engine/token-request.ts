import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import type { AbortSignalLike, GetTokenOptions } from '../entra/token-credential.js';

/** The options of one `getToken` call after their checks. */
export interface TokenRequest {
  readonly tenantId: string | undefined;
  readonly enableCae: boolean | undefined;
  readonly claims: string | undefined;
  readonly abortSignal: AbortSignalLike | undefined;
}

// As long as a domain name can be.
const longestTenant = 253;
const longestClaims = 65_536;
const longestScope = 2_048;
const mostScopes = 100;

const plainRequest: TokenRequest = {
  tenantId: undefined,
  enableCae: undefined,
  claims: undefined,
  abortSignal: undefined,
};

/**
 * Reads the options of a `getToken` call. `null` and empty claims count as left out.
 *
 * @throws {EntraOptionsError} for an option that cannot be passed to a credential
 */
export function readTokenRequest(options: GetTokenOptions | null | undefined): TokenRequest {
  if (options === undefined || options === null) return plainRequest;
  if (typeof options !== 'object') {
    throw new EntraOptionsError('options', kindOf(options), 'Give the options of getToken() as an object.');
  }
  return {
    tenantId: readTenant(given(options, 'tenantId')),
    enableCae: given(options, 'enableCae') ?? undefined,
    claims: readClaimsOption(given(options, 'claims')),
    abortSignal: readSignal(given(options, 'abortSignal')),
  };
}

/**
 * Checks a list of scopes.
 *
 * @returns `undefined` for what is not a list of scopes
 * @throws {EntraOptionsError} for more or longer scopes than a token request can hold
 */
export function readScopes(list: readonly unknown[]): readonly string[] | undefined {
  if (list.length === 0) return undefined;
  if (list.length > mostScopes) {
    throw new EntraOptionsError('scopes', `${list.length} scopes`, `Give ${mostScopes} at most.`);
  }
  for (let n = 0; n < list.length; n++) {
    const scope = list[n];
    if (typeof scope !== 'string' || scope === '') return undefined;
    if (scope.length <= longestScope) continue;
    const fix = `Give scopes of ${longestScope} characters at most.`;
    throw new EntraOptionsError('scopes', `a scope of ${scope.length} characters`, fix);
  }
  return list as readonly string[];
}

/**
 * Checks scopes that become a request. One with a space has the key of two: kept, it would answer for those.
 *
 * @throws {EntraOptionsError} for a scope that a request cannot hold
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.3
 */
export function checkScopes(scopes: readonly string[]): void {
  if (scopes.every((scope) => /^[\x21-\x7e]+$/.test(scope))) return;
  const problem = 'a scope contains white space or a character outside ASCII';
  throw new EntraOptionsError('scopes', problem, 'Give each scope as a string of its own.');
}

/** An option, unless it was left on `Object.prototype`, where every object seems to have it. */
function given<K extends keyof GetTokenOptions>(options: GetTokenOptions, key: K): GetTokenOptions[K] {
  return key in Object.prototype && !Object.hasOwn(options, key) ? undefined : options[key];
}

function readTenant(tenantId: unknown): string | undefined {
  if (tenantId === undefined || tenantId === null) return undefined;
  if (typeof tenantId === 'string' && tenantId.length <= longestTenant && /^[\w.-]+$/.test(tenantId)) {
    return tenantId;
  }
  const what = typeof tenantId === 'string' && tenantId !== '' ? 'not a tenant' : kindOf(tenantId);
  throw new EntraOptionsError('tenantId', what, "Use the tenant's GUID or a verified domain.");
}

function readSignal(signal: unknown): AbortSignalLike | undefined {
  if (signal === undefined || signal === null) return undefined;
  const methods = ['addEventListener', 'removeEventListener'];
  const isSignal =
    typeof signal === 'object' && methods.every((name) => typeof Reflect.get(signal, name) === 'function');
  if (isSignal) return signal as AbortSignalLike;
  const what = typeof signal === 'object' ? 'not an AbortSignal' : kindOf(signal);
  throw new EntraOptionsError('abortSignal', what, 'Give the `signal` of an AbortController.');
}

function readClaimsOption(claims: unknown): string | undefined {
  if (claims === undefined || claims === null || claims === '') return undefined;
  if (typeof claims === 'string' && claims.length <= longestClaims) return claims;
  const what = typeof claims === 'string' ? `a text of ${claims.length} characters` : kindOf(claims);
  throw new EntraOptionsError('claims', what, 'Pass on the decoded claims of the challenge as a string.');
}
