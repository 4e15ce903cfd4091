import type { Clock } from '../common/clock.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { rememberSecret } from '../common/known-secrets.js';
import { redactError } from '../common/redaction.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { TokenCredential, TokenCredentialFactory } from '../entra/token-credential.js';
import { AzureIdentityContext, definedOnly, type AzureIdentityLoader } from './azure-identity.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { checkCredentialFiles } from './credential-files.js';
import { CredentialUnavailableError } from './credential.error.js';
import { chainLinks } from './default-chain/chain-links.js';
import { DefaultCredential, type ChainMemory } from './default-chain/default.credential.js';
import { createManagedIdentity } from './managed-identity/create-managed-identity.js';
import { ObservedCredential } from './observed-credential.js';

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
      return await make(configuration, context, memory);
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

function make(
  configuration: CredentialConfiguration,
  context: AzureIdentityContext,
  memory: ChainMemory,
): TokenCredential | Promise<TokenCredential> {
  switch (configuration.kind) {
    case 'default':
      return new DefaultCredential(chainLinks(configuration, context), memory);
    case 'managed-identity': {
      const { clientId, objectId, resourceId } = configuration;
      return createManagedIdentity(definedOnly({ clientId, objectId, resourceId }), context);
    }
    case 'workload-identity':
    case 'client-secret':
    case 'client-certificate':
      return makeOfLibrary(configuration, context);
  }
}

type LibraryConfiguration = Exclude<CredentialConfiguration, { kind: 'default' | 'managed-identity' }>;

async function makeOfLibrary(
  configuration: LibraryConfiguration,
  context: AzureIdentityContext,
): Promise<TokenCredential> {
  const identity = await context.identity();
  const options = await context.options();
  switch (configuration.kind) {
    case 'workload-identity': {
      const { tenantId, clientId, tokenFilePath } = configuration;
      const ids = definedOnly({ tenantId, clientId, tokenFilePath });
      return new ObservedCredential(new identity.WorkloadIdentityCredential({ ...options, ...ids }));
    }
    case 'client-secret': {
      const { tenantId, clientId, clientSecret } = configuration;
      return new ObservedCredential(
        new identity.ClientSecretCredential(tenantId, clientId, clientSecret, options),
      );
    }
    case 'client-certificate': {
      const { tenantId, clientId, certificate, certificatePath, certificatePassword } = configuration;
      const { ClientCertificateCredential: Credential } = identity;
      const password = definedOnly({ certificatePassword });
      return new ObservedCredential(
        certificatePath === undefined
          ? new Credential(tenantId, clientId, { certificate: certificate ?? '', ...password }, options)
          : new Credential(tenantId, clientId, { certificatePath, ...password }, options),
      );
    }
  }
}
