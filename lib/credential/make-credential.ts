import { readFile } from 'node:fs/promises';

import type { TokenCredential } from '../entra/token-credential.js';
import { CertificateCredential } from './certificate.credential.js';
import { definedOnly, type AzureIdentityContext } from './azure-identity.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { chainLinks } from './default-chain/chain-links.js';
import { DefaultCredential, type ChainMemory } from './default-chain/default.credential.js';
import { createManagedIdentity } from './managed-identity/create-managed-identity.js';
import { ObservedCredential } from './observed-credential.js';

/** Makes the credential of a checked configuration. */
export function makeCredential(
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
      const inner =
        certificatePath === undefined
          ? new Credential(tenantId, clientId, { certificate: certificate ?? '', ...password }, options)
          : new Credential(tenantId, clientId, { certificatePath, ...password }, options);
      const read = (): Promise<string> =>
        certificatePath === undefined
          ? Promise.resolve(certificate ?? '')
          : readFile(certificatePath, 'utf8');
      return new CertificateCredential(inner, read, certificatePassword);
    }
  }
}
