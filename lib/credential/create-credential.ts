import type { TokenCredentialOptions } from '@azure/identity';

import { CredentialUnavailableError } from '../errors/credential-unavailable.error.js';
import { redactError } from '../observability/redaction.js';
import type { EntraCloud } from '../options/entra-auth-module.options.js';
import type { Clock } from '../refresh/clock.js';
import { authorityHosts } from './authority-hosts.js';
import { capHttpClient } from './capped-http-client.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { ManagedIdentityCache } from './managed-identity-cache.js';
import { ObservedCredential } from './observed-credential.js';
import { rememberSecretsOf } from './secrets-of.js';
import type { TokenCredential } from './token-credential.js';

type AzureIdentity = typeof import('@azure/identity');
type SharedOptions = TokenCredentialOptions & { disableInstanceDiscovery?: boolean };

export const defaultRequestTimeoutInMs = 10_000;

/**
 * Makes a credential of `@azure/identity`, which is an optional peer and slow to import, so it is loaded only here.
 *
 * @throws {CredentialUnavailableError} when `@azure/identity` is not installed, or refuses the configuration
 */
export async function createCredential(
  configuration: CredentialConfiguration,
  cloud: EntraCloud,
  clock: Clock,
): Promise<TokenCredential> {
  rememberSecretsOf(configuration);
  const identity = await loadIdentity();
  const options = await sharedOptions(configuration, cloud, clock);
  try {
    const credential = make(identity, configuration, options);
    return new ObservedCredential(credential, ManagedIdentityCache.of(credential));
  } catch (error) {
    throw new CredentialUnavailableError(
      `The credential of kind "${configuration.kind}" could not be made: ${redactError(error).message}.`,
      'Check the option "credential" and the environment that it reads.',
      redactError(error),
    );
  }
}

function make(
  identity: AzureIdentity,
  configuration: CredentialConfiguration,
  options: SharedOptions,
): TokenCredential {
  switch (configuration.kind) {
    case 'default': {
      const { tenantId, clientId } = configuration;
      return new identity.DefaultAzureCredential({
        ...options,
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(clientId === undefined
          ? {}
          : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId }),
      });
    }
    case 'managed-identity': {
      const { clientId, objectId, resourceId } = configuration;
      if (objectId !== undefined) return new identity.ManagedIdentityCredential({ ...options, objectId });
      if (resourceId !== undefined) return new identity.ManagedIdentityCredential({ ...options, resourceId });
      return new identity.ManagedIdentityCredential({
        ...options,
        ...(clientId === undefined ? {} : { clientId }),
      });
    }
    case 'workload-identity': {
      const { tenantId, clientId, tokenFilePath } = configuration;
      return new identity.WorkloadIdentityCredential({
        ...options,
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(clientId === undefined ? {} : { clientId }),
        ...(tokenFilePath === undefined ? {} : { tokenFilePath }),
      });
    }
    case 'client-secret': {
      const { tenantId, clientId, clientSecret } = configuration;
      return new identity.ClientSecretCredential(tenantId, clientId, clientSecret, options);
    }
    case 'client-certificate': {
      const { tenantId, clientId, certificate, certificatePath, certificatePassword } = configuration;
      const password = certificatePassword === undefined ? {} : { certificatePassword };
      return certificatePath === undefined
        ? new identity.ClientCertificateCredential(
            tenantId,
            clientId,
            { certificate: certificate ?? '', ...password },
            options,
          )
        : new identity.ClientCertificateCredential(
            tenantId,
            clientId,
            { certificatePath, ...password },
            options,
          );
    }
  }
}

async function sharedOptions(
  { authorityHost, certificateAuthority, requestTimeoutInMs }: CredentialConfiguration,
  cloud: EntraCloud,
  clock: Clock,
): Promise<SharedOptions> {
  return {
    // AZURE_AUTHORITY_HOST, which @azure/identity reads by itself, stays in force when nothing else is said.
    ...(authorityHost !== undefined || cloud !== 'public'
      ? { authorityHost: authorityHost ?? authorityHosts[cloud] }
      : {}),
    ...(certificateAuthority === undefined
      ? {}
      : { tlsOptions: { ca: certificateAuthority }, disableInstanceDiscovery: true }),
    // Its own retries wait out a Retry-After of an hour; repeating is the refresher's business.
    retryOptions: { maxRetries: 0 },
    ...(await cappedClient(requestTimeoutInMs ?? defaultRequestTimeoutInMs, clock)),
  };
}

async function cappedClient(timeoutInMs: number, clock: Clock): Promise<Pick<SharedOptions, 'httpClient'>> {
  try {
    const { createDefaultHttpClient } = await import('@azure/core-rest-pipeline');
    return { httpClient: capHttpClient(createDefaultHttpClient(), timeoutInMs, clock) };
  } catch {
    // It comes with @azure/identity, but a strict package manager may hide it. The attempt's own deadline remains.
    return {};
  }
}

async function loadIdentity(): Promise<AzureIdentity> {
  try {
    return await import('@azure/identity');
  } catch (error) {
    throw new CredentialUnavailableError(
      '"@azure/identity", which has the credential that is configured (or the default one), could not be loaded.',
      'Run `npm install @azure/identity`, or pass a credential of your own as "credential".',
      redactError(error),
    );
  }
}
