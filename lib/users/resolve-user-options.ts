import type { Agent } from 'node:https';

import type { Clock } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { booleanCheck, checkOptions, numberCheck, type OptionTable } from '../common/option-table.js';
import { textOption } from '../common/text-checks.js';
import { authorityHosts, authorityOption, type EntraCloud } from '../entra/clouds.js';
import { scopesOption } from '../entra/scopes-option.js';
import { clientIdOption, isTenantGuid, tenantOption } from '../entra/tenant.js';
import { expectationsOf } from '../entra/well-known-resources.js';
import type { RefreshPolicy } from '../engine/refresh-policy.js';
import { checkAgent } from '../refresh-token/agent-option.js';
import type { ClientAuthentication } from '../refresh-token/client-authentication/client-authentication.js';
import {
  anyText,
  clientProofs,
  onlyProof,
  resolveClientAuthentication,
} from '../refresh-token/client-authentication/resolve-client-authentication.js';
import type { BackgroundSettings } from './background-refresh.js';
import { reusedAuthentication } from './client-proof.js';
import { signInPlace, type SignInPlace } from './challenge.js';
import { resolveSharedOptions } from './shared/resolve-shared-options.js';
import type { SharedTokenSettings } from './shared/shared-tokens.js';
import { signInsOf } from './sign-ins/sign-in-options.js';
import type { SignInSettings } from './sign-ins/sign-ins.js';
import type { CacheLimits } from './user-cache.js';
import type { UserResource } from './user-resources.js';
import { tenantRule, type TenantRule } from './user-tenant.js';
import type {
  UserCacheOptions,
  UserClientOptions,
  UserRefreshOptions,
  UserResourceOptions,
  UserTokenOptions,
} from './user-tokens.options.js';

/** The options after defaults and checks. */
export interface UserTokenSettings {
  readonly tenantId: string;
  /** Whether users of a tenant are served. */
  readonly allowsTenant: TenantRule;
  readonly clientId: string;
  readonly authorityHost: string;
  readonly cloud: EntraCloud;
  readonly place: SignInPlace;
  readonly audiences: readonly string[];
  /** How the application authenticates; by the machine's identity where that is named. */
  readonly authentication: ClientAuthentication | 'managed-identity';
  readonly certificateAuthority: string | undefined;
  readonly agent: Agent | undefined;
  readonly requestTimeoutInMs: number;
  readonly resources: ReadonlyMap<string, UserResource>;
  readonly limits: CacheLimits;
  readonly shared: SharedTokenSettings | undefined;
  /** `undefined`: no sign-ins are kept. */
  readonly signIns: SignInSettings | undefined;
  readonly background: BackgroundSettings;
  readonly policy: RefreshPolicy;
  readonly clock: Clock;
}

export interface UserOptionsContext {
  cloud: EntraCloud;
  policy: RefreshPolicy;
  clock: Clock;
}

const anything = (_path: string, value: unknown): unknown => value;

const clientTable = {
  tenantId: tenantOption,
  allowedTenants: anything,
  clientId: clientIdOption,
  clientSecret: anything,
  clientCertificate: anything,
  clientCertificatePassword: anything,
  clientAssertion: anything,
  audiences: audiencesOption,
  authorityHost: (path, value) => (value === undefined ? undefined : authorityOption(path, value)),
  certificateAuthority: anyText,
  requestTimeoutInMs: numberCheck(10_000, { min: 1, max: 600_000, unit: 'milliseconds' }),
  agent: (path, value): Agent | undefined => {
    checkAgent(path, value);
    return value;
  },
} satisfies OptionTable<UserClientOptions>;

const cacheTable = {
  maxUsers: numberCheck(100_000, { min: 1, max: 10_000_000, unit: 'a number of users' }),
  maxBytes: numberCheck(268_435_456, { min: 65_536, max: 2 ** 40, unit: 'a number of bytes' }),
  shared: resolveSharedOptions,
} satisfies OptionTable<UserCacheOptions>;

const refreshTable = {
  maxRequestsPerSecond: numberCheck(50, { min: 0.01, max: 10_000, unit: 'a number of requests' }),
  idleAfterInMs: numberCheck(3_600_000, { min: 0, max: 7 * 86_400_000, unit: 'milliseconds' }),
} satisfies OptionTable<UserRefreshOptions>;
const refreshFix = 'Give an object such as { maxRequestsPerSecond: 20 }.';

const usersTable = {
  client: anything,
  resources: anything,
  cache: anything,
  signIns: anything,
  refresh: anything,
} satisfies OptionTable<UserTokenOptions>;

/** @throws {EntraOptionsError} for the first option that is wrong or missing */
export function resolveUserOptions(
  path: string,
  value: unknown,
  context: UserOptionsContext,
): UserTokenSettings {
  const { cloud, policy, clock } = context;
  const fix = `Give an object such as { client: { tenantId, clientId, clientSecret }, resources: { graph: {} } }.`;
  const { client, resources, cache, signIns, refresh } = checkOptions(path, value, usersTable, fix);
  const clientPath = `${path}.client`;
  const clientFix = `Give an object with tenantId, clientId and one of ${clientProofs.join(', ')}.`;
  const checked = checkOptions(clientPath, client, clientTable, clientFix);
  const { tenantId, clientId, requestTimeoutInMs: timeoutInMs } = checked;
  const authorityHost = checked.authorityHost ?? authorityHosts[cloud];
  const cacheFix = 'Give an object such as { maxUsers: 50_000 }.';
  const { shared, ...limits } = checkOptions(`${path}.cache`, cache ?? {}, cacheTable, cacheFix);
  const authenticationContext = { path: clientPath, timeoutInMs, clock };
  return {
    tenantId,
    allowsTenant: tenantRule(clientPath, tenantId, checked.allowedTenants),
    clientId,
    authorityHost,
    cloud,
    place: signInPlace(authorityHost, tenantId, clientId),
    audiences: checked.audiences ?? [clientId, `api://${clientId}`],
    authentication: authenticationOf(checked, clientFix, authenticationContext),
    certificateAuthority: checked.certificateAuthority,
    agent: checked.agent,
    requestTimeoutInMs: timeoutInMs,
    resources: resourcesOf(`${path}.resources`, resources, { cloud, tenantId }),
    limits,
    shared,
    background: checkOptions(`${path}.refresh`, refresh ?? {}, refreshTable, refreshFix),
    signIns: signIns === undefined ? undefined : signInsOf(`${path}.signIns`, signIns),
    policy,
    clock,
  };
}

function authenticationOf(
  client: { [Name in (typeof clientProofs)[number]]: unknown },
  fix: string,
  context: { path: string; timeoutInMs: number; clock: Clock },
): ClientAuthentication | 'managed-identity' {
  const proof = onlyProof(client, context.path);
  if (proof === undefined) {
    throw new EntraOptionsError(context.path, 'neither a secret nor a certificate nor an assertion', fix);
  }
  if (client.clientAssertion === 'managed-identity') return 'managed-identity';
  if (proof === 'clientAssertion' && typeof client.clientAssertion !== 'function') {
    const fixOfAssertion = 'Give "managed-identity" or a function that returns a signed JWT.';
    throw new EntraOptionsError(
      `${context.path}.clientAssertion`,
      kindOf(client.clientAssertion),
      fixOfAssertion,
    );
  }
  const authentication = resolveClientAuthentication(client, context);
  return proof === 'clientCertificate' ? reusedAuthentication(authentication, context.clock) : authentication;
}

function resourcesOf(
  path: string,
  value: unknown,
  { cloud, tenantId }: { cloud: EntraCloud; tenantId: string },
): ReadonlyMap<string, UserResource> {
  if (value === undefined) return new Map();
  if (!isObject(value))
    throw new EntraOptionsError(path, kindOf(value), 'Give an object of resources by name.');
  const resolve = (name: string, given: unknown): UserResource => {
    const table = {
      scopes: (at, scopes) => scopesOption(at, scopes, name, cloud),
      enableCae: booleanCheck(false),
    } satisfies OptionTable<UserResourceOptions>;
    const fix = 'Give an object such as { scopes: ["User.Read"] }.';
    const { scopes, enableCae } = checkOptions(`${path}.${name}`, given, table, fix);
    const expectations = expectationsOf(scopes, isTenantGuid(tenantId) ? tenantId : undefined, cloud);
    return { name, scopes, enableCae, expectations };
  };
  return new Map(Object.entries(value).map(([name, given]) => [name, resolve(name, given)]));
}

function audiencesOption(path: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const fix = 'Give the identifier URIs of the application as an array of strings.';
  if (!Array.isArray(value) || value.length === 0) throw new EntraOptionsError(path, kindOf(value), fix);
  return value.map((audience, n) => textOption(`${path}[${n}]`, audience, fix));
}
