import { EntraOptionsError } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { isObject, kindOf } from '../common/option-checks.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';

/** The options of a token request. */
export interface TokenRequestOptions {
  scopes?: string | readonly string[] | undefined;
  claims?: string | undefined;
  tenantId?: string | undefined;
  enableCae?: boolean | undefined;
}

/** The settings that requests are made by. */
export type TokenRequestSettings = Pick<
  RefreshTokenSettings,
  'authorityHost' | 'endpointVersion' | 'tenantId' | 'offlineAccess'
>;

/** A request to the token endpoint, without the grant and the client. */
export interface TokenRequest {
  /** Equal for requests that the same access token serves, apart from claims. */
  readonly key: string;
  readonly claims: string | undefined;
  readonly tenantId: string;
  readonly tokenEndpoint: string;
  /** The parameters of the body, except those of the grant and the client. */
  readonly parameters: Readonly<Record<string, string>>;
}

const tenantPattern = /^[\w.-]+$/;
const tokenPath = { 'v2.0': 'oauth2/v2.0/token', 'v1.0': 'oauth2/token' } as const;
const continuousAccessEvaluation = { access_token: { xms_cc: { values: ['cp1'] } } };

/**
 * Makes a token request of its options.
 *
 * @throws {EntraOptionsError} for invalid scopes, claims or tenant
 */
export function tokenRequest(options: TokenRequestOptions, settings: TokenRequestSettings): TokenRequest {
  const { authorityHost, endpointVersion } = settings;
  const tenantId = options.tenantId ?? settings.tenantId;
  if (typeof tenantId !== 'string' || !tenantPattern.test(tenantId)) {
    throw new EntraOptionsError('tenantId', kindOf(tenantId), 'Give the GUID or a domain of the tenant.');
  }
  const scopes = scopesOf(options.scopes);
  const enableCae = options.enableCae ?? false;
  const claims = mergeClaims(options.claims, enableCae);
  return {
    key: [tenantId, [...scopes].sort().join(' '), ...(enableCae ? ['cp1'] : [])].join('|'),
    claims: options.claims,
    tenantId,
    tokenEndpoint: `${authorityHost}/${tenantId}/${tokenPath[endpointVersion]}`,
    parameters: {
      ...(endpointVersion === 'v1.0' ? resourceParameter(scopes) : scopeParameter(scopes, settings)),
      ...(claims !== undefined && { claims }),
    },
  };
}

function scopesOf(scopes: TokenRequestOptions['scopes']): readonly string[] {
  if (scopes === undefined) return [];
  const list: readonly unknown[] = typeof scopes === 'string' ? scopes.split(' ') : scopes;
  const wrong = !Array.isArray(list) || list.length === 0 || list.some((scope) => !isScope(scope));
  if (wrong)
    throw new EntraOptionsError(
      'scopes',
      'a scope is empty or not a string',
      'Give one scope or an array of scopes.',
    );
  return list as readonly string[];
}

function isScope(scope: unknown): boolean {
  return typeof scope === 'string' && /^[\x21-\x7e]+$/.test(scope);
}

/** Adds `offline_access`, without which Entra sends no new refresh token. */
function scopeParameter(
  scopes: readonly string[],
  { offlineAccess }: TokenRequestSettings,
): Record<string, string> {
  if (scopes.length === 0) return {};
  const missing = offlineAccess && !scopes.includes('offline_access');
  return { scope: [...scopes, ...(missing ? ['offline_access'] : [])].join(' ') };
}

/** Version 1.0 takes one resource in place of scopes. */
function resourceParameter(scopes: readonly string[]): Record<string, string> {
  const [scope, ...others] = scopes.filter((name) => !oidcScopes.includes(name));
  if (others.length > 0) {
    throw new EntraOptionsError(
      'scopes',
      'version 1.0 of the endpoint takes one resource',
      'Give one scope such as "https://graph.microsoft.com/.default", or use "v2.0".',
    );
  }
  return scope === undefined ? {} : { resource: scope.replace(/\/\.default$/, '') };
}

const oidcScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/**
 * Adds the client capability of Continuous Access Evaluation to the claims of a challenge.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge#client-capabilities
 */
export function mergeClaims(claims: string | undefined, enableCae: boolean): string | undefined {
  if (claims === undefined) return enableCae ? JSON.stringify(continuousAccessEvaluation) : undefined;
  const asked = parseClaims(claims);
  return enableCae ? JSON.stringify(merge(asked, continuousAccessEvaluation)) : claims;
}

type Json = Record<string, unknown>;

function parseClaims(claims: string): Json {
  const parsed = parseJsonObject(claims);
  if (parsed !== undefined) return parsed;
  throw new EntraOptionsError(
    'claims',
    'not a JSON object',
    'Give the claims of the challenge, decoded from base64.',
  );
}

function merge(one: Json, other: Json): Json {
  const merged = Object.entries(other).map(([key, value]) => {
    const mine = Object.hasOwn(one, key) ? one[key] : undefined;
    return [key, isObject(mine) && isObject(value) ? merge(mine, value) : value] as const;
  });
  return { ...one, ...Object.fromEntries(merged) };
}
