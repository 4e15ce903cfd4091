import type { Clock } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import {
  booleanOption,
  checkObject,
  choiceOption,
  clockOption,
  kindOf,
  numberOption,
} from '../common/option-checks.js';
import { namesOf } from '../common/option-table.js';
import { textOption } from '../common/text-checks.js';
import { authorityHosts, authorityOption, clouds } from '../entra/clouds.js';
import { tenantOption } from '../entra/tenant.js';
import { MemoryRefreshTokenStore } from '../store/memory.refresh-token-store.js';
import { checkAgent } from './agent-option.js';
import type { ClientAuthentication } from './client-authentication/client-authentication.js';
import {
  anyText,
  onlyProof,
  resolveClientAuthentication,
} from './client-authentication/resolve-client-authentication.js';
import type { RefreshTokenCredentialOptions } from './refresh-token.credential-options.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';

type Options = RefreshTokenCredentialOptions;

const known = namesOf<keyof Options>({
  tenantId: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  clientCertificate: true,
  clientCertificatePassword: true,
  clientAssertion: true,
  cloud: true,
  authorityHost: true,
  certificateAuthority: true,
  endpointVersion: true,
  offlineAccess: true,
  refreshToken: true,
  store: true,
  shareAccessTokens: true,
  whenStoreFails: true,
  spa: true,
  origin: true,
  requestTimeoutInMs: true,
  storeTimeoutInMs: true,
  shutdownTimeoutInMs: true,
  agent: true,
  clock: true,
  onTokenResponse: true,
});

/**
 * Checks the options of the credential and fills in the defaults. Errors repeat no value: it may be a secret.
 *
 * @throws {EntraOptionsError} for the first option that is wrong or missing
 */
export function resolveRefreshTokenOptions(options: Options): RefreshTokenSettings {
  checkObject('options', options, known, 'Give the options of the credential as an object.');
  const cloud = choiceOption('cloud', options.cloud, 'public', clouds);
  const clock = clockOption(options.clock);
  const timeoutInMs = milliseconds('requestTimeoutInMs', options.requestTimeoutInMs);
  const storeTimeoutInMs = milliseconds('storeTimeoutInMs', options.storeTimeoutInMs);
  checkSource(options);
  const { refreshToken, store, agent } = options;
  checkAgent('agent', agent);
  const tenantId = tenantOption('tenantId', options.tenantId);
  return {
    tenantId,
    clientId: text(options, 'clientId'),
    authorityHost: authorityOption('authorityHost', options.authorityHost ?? authorityHosts[cloud]),
    endpointVersion: choiceOption('endpointVersion', options.endpointVersion, 'v2.0', ['v2.0', 'v1.0']),
    offlineAccess: booleanOption('offlineAccess', options.offlineAccess, true),
    authentication: authenticationOf(options, timeoutInMs, clock),
    transport: {
      ca: anyText('certificateAuthority', options.certificateAuthority),
      agent,
      timeoutInMs,
      clock,
      origin: originOf(options),
    },
    initial: refreshToken,
    store: store ?? new MemoryRefreshTokenStore(),
    storeTimeoutInMs,
    shutdownTimeoutInMs: milliseconds(
      'shutdownTimeoutInMs',
      options.shutdownTimeoutInMs ?? Math.min(timeoutInMs + storeTimeoutInMs + 5_000, 600_000),
    ),
    shareAccessTokens: booleanOption('shareAccessTokens', options.shareAccessTokens, true),
    stopWhenStoreFails:
      choiceOption('whenStoreFails', options.whenStoreFails, 'continue', ['continue', 'stop']) === 'stop',
    spa: booleanOption('spa', options.spa, false),
    onTokenResponse: optionalCallback(options),
  };
}

function checkSource(options: Options): void {
  const { refreshToken, store } = options;
  if (refreshToken !== undefined && typeof refreshToken !== 'function') text(options, 'refreshToken');
  if (refreshToken === undefined && store === undefined) {
    throw new EntraOptionsError(
      'refreshToken',
      'missing, and there is no "store" that could hold one',
      'Give a refresh token, or the store that holds it.',
    );
  }
  if (store !== undefined) checkStore(store);
}

function authenticationOf(options: Options, timeoutInMs: number, clock: Clock): ClientAuthentication {
  const way = onlyProof(options, 'options');
  if (way !== undefined && options.spa === true) {
    // Entra refuses it (AADSTS700025): a page can keep no secret.
    throw new EntraOptionsError(way, 'given together with spa', `Leave ${way} out, or "spa".`);
  }
  return resolveClientAuthentication(options, { path: 'options', timeoutInMs, clock });
}

function text(options: Options, key: keyof Options): string {
  return textOption(key, options[key], 'Give a string without white space around it.');
}

function optionalCallback(options: Options): Options['onTokenResponse'] {
  const { onTokenResponse: value } = options;
  if (value === undefined || typeof value === 'function') return value;
  throw new EntraOptionsError('onTokenResponse', kindOf(value), 'Give a function, or leave it out.');
}

function milliseconds(key: keyof Options, value: unknown): number {
  return numberOption(key, value, 10_000, { min: 1, max: 600_000, unit: 'milliseconds' });
}

/** What a browser would send as `Origin`; only requests of single-page applications have one. */
function originOf({ spa, origin }: Options): string | undefined {
  if (spa !== true) {
    if (origin === undefined) return undefined;
    throw new EntraOptionsError('origin', 'given without spa', 'Set "spa": true too, or leave it out.');
  }
  const value: unknown = origin ?? 'http://localhost';
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.origin === value) return value;
  throw new EntraOptionsError(
    'origin',
    typeof value === 'string' && value !== '' ? 'not an origin' : kindOf(value),
    'Give scheme, host and port, as "https://app.example".',
  );
}

function checkStore(store: unknown): void {
  const methods = ['load', 'save', 'exclusive'];
  const complete =
    typeof store === 'object' &&
    store !== null &&
    methods.every((method) => typeof Reflect.get(store, method) === 'function');
  if (complete) return;
  const given = typeof store === 'object' && store !== null ? 'not a refresh token store' : kindOf(store);
  throw new EntraOptionsError('store', given, `Give an object with ${methods.join(', ')}, or leave it out.`);
}
