import { Agent } from 'node:https';

import type { Clock } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { rememberSecret } from '../common/known-secrets.js';
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
import { clientAssertion } from './client-authentication/client-assertion.js';
import { publicClient, type ClientAuthentication } from './client-authentication/client-authentication.js';
import { clientCertificate } from './client-authentication/client-certificate.js';
import { clientSecretBasic, clientSecretPost } from './client-authentication/client-secret.js';
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
  if (agent !== undefined) checkAgent(agent);
  const tenantId = tenantOption('tenantId', options.tenantId);
  return {
    tenantId,
    clientId: text(options, 'clientId'),
    authorityHost: authorityOption('authorityHost', options.authorityHost ?? authorityHosts[cloud]),
    endpointVersion: choiceOption('endpointVersion', options.endpointVersion, 'v2.0', ['v2.0', 'v1.0']),
    offlineAccess: booleanOption('offlineAccess', options.offlineAccess, true),
    authentication: authenticationOf(options, timeoutInMs, clock),
    transport: {
      ca: optionalText(options, 'certificateAuthority'),
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
    onTokenResponse: optionalFunction(options, 'onTokenResponse'),
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
  const ways = ['clientSecret', 'clientCertificate', 'clientAssertion'] as const;
  const [way, second] = ways.filter((key) => options[key] !== undefined);
  if (second !== undefined) {
    throw new EntraOptionsError(second, `given together with ${way}`, `Give one of ${ways.join(', ')}.`);
  }
  if (way !== undefined && options.spa === true) {
    // Entra refuses it (AADSTS700025): a page can keep no secret.
    throw new EntraOptionsError(way, 'given together with spa', `Leave ${way} out, or "spa".`);
  }
  if (way !== 'clientSecret') forbid(options, 'clientAuthentication', 'clientSecret');
  if (way !== 'clientCertificate') forbid(options, 'clientCertificatePassword', 'clientCertificate');
  if (way === 'clientSecret') {
    const methods = ['client_secret_post', 'client_secret_basic'] as const;
    const method = choiceOption('clientAuthentication', options.clientAuthentication, methods[0], methods);
    const secret = text(options, 'clientSecret');
    rememberSecret(secret);
    return method === 'client_secret_basic' ? clientSecretBasic(secret) : clientSecretPost(secret);
  }
  if (way === 'clientCertificate') {
    const password = optionalText(options, 'clientCertificatePassword');
    rememberSecret(password);
    return clientCertificate(optionalText(options, 'clientCertificate') ?? '', password, clock);
  }
  const callback = optionalFunction(options, 'clientAssertion');
  return callback === undefined ? publicClient : clientAssertion(callback, timeoutInMs, clock);
}

function forbid(options: Options, key: keyof Options, needed: keyof Options): void {
  if (options[key] === undefined) return;
  throw new EntraOptionsError(key, `given without ${needed}`, `Give ${needed} too, or leave it out.`);
}

function text(options: Options, key: keyof Options): string {
  return textOption(key, options[key], 'Give a string without white space around it.');
}

function optionalText(options: Options, key: keyof Options): string | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  // A PEM ends with a line break, and a password may be anything.
  if (typeof value === 'string' && value !== '') return value;
  throw new EntraOptionsError(key, kindOf(value), 'Give a string, or leave it out.');
}

function optionalFunction<K extends 'clientAssertion' | 'onTokenResponse'>(
  options: Options,
  key: K,
): Options[K] {
  const value: unknown = options[key];
  if (value === undefined || typeof value === 'function') return options[key];
  throw new EntraOptionsError(key, kindOf(value), 'Give a function, or leave it out.');
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

function checkAgent(agent: Agent): void {
  if (typeof agent !== 'object' || agent === null || typeof Reflect.get(agent, 'addRequest') !== 'function') {
    throw new EntraOptionsError('agent', kindOf(agent), 'Give an https.Agent, or leave it out.');
  }
  if (agent instanceof Agent && agent.options.rejectUnauthorized === false) {
    throw new EntraOptionsError(
      'agent',
      'does not verify certificates',
      'Leave rejectUnauthorized out; for a private certificate authority give "certificateAuthority".',
    );
  }
}
