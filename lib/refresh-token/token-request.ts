import { parseJsonObject } from '../common/json-object.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';

/** What a caller asks for. */
export interface TokenRequestOptions {
  scopes?: string | readonly string[] | undefined;
  claims?: string | undefined;
  tenantId?: string | undefined;
  enableCae?: boolean | undefined;
}

/** One thing to ask the token endpoint for. */
export interface TokenRequest {
  /** The same for requests that the same access token answers, claims aside. */
  readonly key: string;
  readonly claims: string | undefined;
  readonly tenantId: string;
  readonly tokenEndpoint: string;
  /** What goes into the body beside the token and the client. */
  readonly parameters: Readonly<Record<string, string>>;
}

const tenantPattern = /^[\w.-]+$/;
const tokenPath = { 'v2.0': 'oauth2/v2.0/token', 'v1.0': 'oauth2/token' } as const;
const continuousAccessEvaluation = { access_token: { xms_cc: { values: ['cp1'] } } };

/**
 * Turns a wish into a request.
 *
 * @throws {EntraOptionsError} for scopes, claims or a tenant that cannot be asked for
 */
export function tokenRequest(wish: TokenRequestOptions, settings: RefreshTokenSettings): TokenRequest {
  const { authorityHost, endpointVersion } = settings;
  const tenantId = wish.tenantId ?? settings.tenantId;
  if (typeof tenantId !== 'string' || !tenantPattern.test(tenantId)) {
    throw new EntraOptionsError('tenantId', kindOf(tenantId), 'Give the GUID or a domain of the tenant.');
  }
  const scopes = scopesOf(wish.scopes);
  const enableCae = wish.enableCae ?? false;
  const claims = mergeClaims(wish.claims, enableCae);
  return {
    key: [tenantId, [...scopes].sort().join(' '), ...(enableCae ? ['cp1'] : [])].join('|'),
    claims: wish.claims,
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

/** Entra sends a new refresh token only to whoever asks for offline access. */
function scopeParameter(
  scopes: readonly string[],
  { offlineAccess }: RefreshTokenSettings,
): Record<string, string> {
  if (scopes.length === 0) return {};
  const missing = offlineAccess && !scopes.includes('offline_access');
  return { scope: [...scopes, ...(missing ? ['offline_access'] : [])].join(' ') };
}

/** Version 1.0 knows no scopes but one resource. */
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
 * The claims of a challenge together with what says that we take part in Continuous Access Evaluation.
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
