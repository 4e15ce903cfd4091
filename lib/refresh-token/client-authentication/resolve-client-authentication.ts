import type { Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { rememberSecret } from '../../common/known-secrets.js';
import { choiceOption, kindOf, optionPath } from '../../common/option-checks.js';
import { textOption } from '../../common/text-checks.js';
import { clientAssertion, type ClientAssertionCallback } from './client-assertion.js';
import { publicClient, type ClientAuthentication } from './client-authentication.js';
import { clientCertificate } from './client-certificate.js';
import { clientSecretBasic, clientSecretPost } from './client-secret.js';

/** How the application authenticates: by one of a secret, a certificate and an assertion, or not at all. */
export interface ClientAuthenticationOptions {
  clientSecret?: unknown;
  clientAuthentication?: unknown;
  clientCertificate?: unknown;
  clientCertificatePassword?: unknown;
  clientAssertion?: unknown;
}

export interface ClientAuthenticationContext {
  /** Path of the options in errors. */
  path: string;
  /** Deadline of an assertion's callback, in milliseconds. */
  timeoutInMs: number;
  clock: Clock;
}

export const clientProofs = ['clientSecret', 'clientCertificate', 'clientAssertion'] as const;

/**
 * Makes the client authentication of its options. Errors repeat no value: it may be a secret.
 *
 * @throws {EntraOptionsError} for two ways at once, and for a value that the way does not take
 */
export function resolveClientAuthentication(
  options: ClientAuthenticationOptions,
  { path, timeoutInMs, clock }: ClientAuthenticationContext,
): ClientAuthentication {
  const at = (key: keyof ClientAuthenticationOptions): string => optionPath(path, key);
  const way = onlyProof(options, path);
  if (way !== 'clientSecret') forbid(options, path, 'clientAuthentication', 'clientSecret');
  if (way !== 'clientCertificate') forbid(options, path, 'clientCertificatePassword', 'clientCertificate');
  if (way === 'clientSecret') {
    const methods = ['client_secret_post', 'client_secret_basic'] as const;
    const method = choiceOption(
      at('clientAuthentication'),
      options.clientAuthentication,
      methods[0],
      methods,
    );
    const fix = 'Give a string without white space around it.';
    const secret = textOption(at('clientSecret'), options.clientSecret, fix);
    rememberSecret(secret);
    return method === 'client_secret_basic' ? clientSecretBasic(secret) : clientSecretPost(secret);
  }
  if (way === 'clientCertificate') {
    const password = anyText(at('clientCertificatePassword'), options.clientCertificatePassword);
    rememberSecret(password);
    return clientCertificate(
      anyText(at('clientCertificate'), options.clientCertificate) ?? '',
      password,
      clock,
    );
  }
  const { clientAssertion: callback } = options;
  if (callback === undefined) return publicClient;
  if (typeof callback === 'function')
    return clientAssertion(callback as ClientAssertionCallback, timeoutInMs, clock);
  throw new EntraOptionsError(at('clientAssertion'), kindOf(callback), 'Give a function, or leave it out.');
}

/** The way that is given; `undefined` for none. @throws {EntraOptionsError} for more than one */
export function onlyProof(
  options: ClientAuthenticationOptions,
  path: string,
): (typeof clientProofs)[number] | undefined {
  const [way, second] = clientProofs.filter((key) => options[key] !== undefined);
  if (second === undefined) return way;
  throw new EntraOptionsError(
    optionPath(path, second),
    `given together with ${way}`,
    `Give one of ${clientProofs.join(', ')}.`,
  );
}

/** Reads a text as it stands: a PEM ends with a line break, and a password may be anything. */
export function anyText(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new EntraOptionsError(path, kindOf(value), 'Give a string, or leave it out.');
}

function forbid(
  options: ClientAuthenticationOptions,
  path: string,
  key: keyof ClientAuthenticationOptions,
  needed: string,
): void {
  if (options[key] === undefined) return;
  throw new EntraOptionsError(
    optionPath(path, key),
    `given without ${needed}`,
    `Give ${needed} too, or leave it out.`,
  );
}
