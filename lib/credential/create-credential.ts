import type { Clock } from '../common/clock.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { rememberSecret } from '../common/known-secrets.js';
import { redactError } from '../common/redaction.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { TokenCredentialFactory } from '../entra/token-credential.js';
import { AzureIdentityContext, type AzureIdentityLoader } from './azure-identity.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { checkCredentialFiles } from './credential-files.js';
import { CredentialUnavailableError } from './credential.error.js';
import type { ChainMemory } from './default-chain/default.credential.js';

/**
 * Makes credentials from plain data.
 *
 * @param load loads `@azure/identity`
 * @returns a function that throws {@link CredentialUnavailableError} when `@azure/identity` is not installed, or refuses
 *   the configuration
 */
export function credentialFactory(
  configuration: CredentialConfiguration,
  cloud: EntraCloud,
  clock: Clock,
  load?: AzureIdentityLoader,
): TokenCredentialFactory {
  rememberSecretsOf(configuration);
  const memory: ChainMemory = {};
  return async () => {
    const context = new AzureIdentityContext(configuration, cloud, clock, load);
    await checkCredentialFiles(configuration);
    try {
      // Loaded on first use: an application that brings its own credential needs none of it.
      const { makeCredential } = await import('./make-credential.js');
      return await makeCredential(configuration, context, memory);
    } catch (error) {
      if (isEntraAuthError(error)) throw error;
      throw new CredentialUnavailableError(
        `The credential of kind "${configuration.kind}" could not be made: ${redactError(error).message}.`,
        'Check the option "credential" and the environment that it reads.',
        redactError(error),
      );
    }
  };
}

/** Removes the secrets of a configuration from every text that is redacted from now on. */
function rememberSecretsOf(configuration: CredentialConfiguration): void {
  if (configuration.kind === 'client-secret') rememberSecret(configuration.clientSecret);
  if (configuration.kind === 'client-certificate') rememberSecret(configuration.certificatePassword);
}
