import type { Clock } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { credentialFactory } from '../credential/create-credential.js';
import type { CredentialConfiguration } from '../credential/credential-configuration.js';
import { CredentialProvider } from '../credential/credential-provider.js';
import { checkCredentialConfiguration, isCredentialConfiguration } from '../credential/resolve-credential.js';
import type { EntraCloud } from '../entra/clouds.js';
import { isTokenCredential } from '../entra/token-credential.js';
import type { CredentialOption } from './entra-auth-module.options.js';

/**
 * Checks an option `credential` of any form.
 *
 * @throws {EntraOptionsError} for anything that gives no tokens
 */
export function checkCredential(path: string, credential: unknown): CredentialOption | undefined {
  if (credential === undefined || isTokenCredential(credential)) return credential;
  if (isCredentialConfiguration(credential)) {
    checkCredentialConfiguration(path, credential);
    return credential;
  }
  if (typeof credential === 'function') return credential as CredentialOption;
  const fix =
    'Give an object with a getToken() method, a function that returns one, or { kind: "managed-identity" }.';
  throw new EntraOptionsError(path, kindOf(credential), fix);
}

/**
 * Wraps each distinct credential once, so that resources that share a credential share its instance.
 *
 * @param moduleCredential the credential of resources that have none of their own
 */
export function credentialProviders(
  moduleCredential: CredentialOption = { kind: 'default' },
  cloud: EntraCloud,
  clock: Clock,
): (credential: CredentialOption | undefined) => CredentialProvider {
  const providers = new Map<unknown, CredentialProvider>();
  const create = (credential: CredentialOption): CredentialProvider =>
    isTokenCredential(credential) || typeof credential === 'function'
      ? new CredentialProvider(credential)
      : new CredentialProvider(credentialFactory(credential, cloud, clock), tenantOf(credential));
  return (credential = moduleCredential) => {
    // Equal plain data is one credential.
    const isPlain = isCredentialConfiguration(credential) && !isTokenCredential(credential);
    const key = isPlain ? JSON.stringify(credential) : credential;
    const provider = providers.get(key) ?? create(credential);
    providers.set(key, provider);
    return provider;
  };
}

function tenantOf(configuration: CredentialConfiguration): string | undefined {
  return 'tenantId' in configuration ? configuration.tenantId : undefined;
}
