import { readFile } from 'node:fs/promises';

import { definedOnly, type AzureIdentityContext } from '../azure-identity.js';
import { createManagedIdentity } from '../managed-identity/create-managed-identity.js';
import { imdsIsGiven } from '../managed-identity/identity-endpoint.js';
import { findIdentitySource } from '../managed-identity/identity-source.js';
import { probeImds } from '../managed-identity/probe-imds.js';
import { CertificateCredential } from '../certificate.credential.js';
import { ObservedCredential } from '../observed-credential.js';
import type { ChainLink, LinkRefusal } from './chain-link.js';

/** The tenant and client of the chain. */
export interface ChainIds {
  tenantId?: string;
  clientId?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The client secret, certificate or password of the environment. */
export function environmentLink(context: AzureIdentityContext): ChainLink {
  return {
    name: 'environmentcredential',
    title: 'environment',
    decides: true,
    refusal: () => missing(missingOfEnvironment(process.env)),
    make: async () => {
      const { EnvironmentCredential } = await context.identity();
      const options = await context.options();
      const credential = new EnvironmentCredential(options);
      const path = certificateOfEnvironment(process.env);
      if (path === undefined) return new ObservedCredential(credential);
      const password = process.env['AZURE_CLIENT_CERTIFICATE_PASSWORD'];
      return new CertificateCredential(credential, () => readFile(path, 'utf8'), password);
    },
  };
}

/** The identity of a pod in AKS. */
export function workloadIdentityLink(ids: ChainIds, context: AzureIdentityContext): ChainLink {
  return {
    name: 'workloadidentitycredential',
    title: 'workload identity',
    decides: true,
    refusal: () => {
      const given: Environment = {
        ...process.env,
        AZURE_TENANT_ID: ids.tenantId ?? process.env['AZURE_TENANT_ID'],
        AZURE_CLIENT_ID: ids.clientId ?? process.env['AZURE_CLIENT_ID'],
      };
      return missing(absent(given, ['AZURE_FEDERATED_TOKEN_FILE', 'AZURE_TENANT_ID', 'AZURE_CLIENT_ID']));
    },
    make: async () => {
      const { WorkloadIdentityCredential } = await context.identity();
      const options = await context.options();
      return new ObservedCredential(new WorkloadIdentityCredential({ ...options, ...ids }));
    },
  };
}

/**
 * The identity of the machine.
 *
 * @param isOnly whether it is the only link, so that IMDS needs no probe
 */
export function managedIdentityLink(
  { clientId }: ChainIds,
  isOnly: boolean,
  context: AzureIdentityContext,
): ChainLink {
  const id = definedOnly({ clientId: clientId ?? (process.env['AZURE_CLIENT_ID'] || undefined) });
  return {
    name: 'managedidentitycredential',
    title: 'managed identity',
    decides: false,
    refusal: (signal) =>
      isOnly || imdsIsGiven() || findIdentitySource(id) !== 'imds'
        ? undefined
        : probeImds(context.clock, signal),
    make: () => createManagedIdentity(id, context),
  };
}

/** The file of the certificate that the environment authenticates with; a secret comes first. */
function certificateOfEnvironment(environment: Environment): string | undefined {
  const has = (name: string): boolean => absent(environment, [name]).length === 0;
  const path = environment['AZURE_CLIENT_CERTIFICATE_PATH'];
  return has('AZURE_CLIENT_CERTIFICATE_PATH') && !has('AZURE_CLIENT_SECRET') ? path : undefined;
}

function missingOfEnvironment(environment: Environment): string[] {
  const application = absent(environment, ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']);
  const methods = [
    ['AZURE_CLIENT_SECRET'],
    ['AZURE_CLIENT_CERTIFICATE_PATH'],
    ['AZURE_USERNAME', 'AZURE_PASSWORD'],
  ];
  const isComplete = methods.some((names) => absent(environment, names).length === 0);
  return isComplete ? application : [...application, 'AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH'];
}

function absent(environment: Environment, names: readonly string[]): string[] {
  return names.filter((name) => (environment[name] ?? '') === '');
}

function missing(names: readonly string[]): LinkRefusal | undefined {
  return names.length === 0 ? undefined : { reason: `not set: ${names.join(', ')}`, passing: false };
}
