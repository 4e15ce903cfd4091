import { accessSync, constants } from 'node:fs';

/**
 * The source of the tokens of a managed identity.
 *
 * - `imds`: a virtual machine, a scale set or a node of AKS
 * - `app-service`: App Service, Functions and Container Apps
 * - `workload-identity`: a pod of AKS, whose service account token is exchanged
 * - `library`: Service Fabric, Azure Machine Learning, Cloud Shell and Azure Arc, which `@azure/identity` knows
 */
export type IdentitySource = 'imds' | 'app-service' | 'workload-identity' | 'library';

/** Selects an identity by at most one id; without an id the system-assigned one. */
export interface IdentityId {
  clientId?: string;
  objectId?: string;
  resourceId?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the source by the environment, in the order of `@azure/identity`. */
export function findIdentitySource(
  id: IdentityId,
  environment: Environment = process.env,
  isAzureArc: () => boolean = hasArcAgent,
): IdentitySource {
  const has = (...names: string[]): boolean => names.every((name) => (environment[name] ?? '') !== '');
  const byOtherId = id.objectId !== undefined || id.resourceId !== undefined;
  if (!byOtherId && has('AZURE_TENANT_ID', 'AZURE_FEDERATED_TOKEN_FILE')) {
    if (id.clientId !== undefined || has('AZURE_CLIENT_ID')) return 'workload-identity';
  }
  if (has('IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT')) return 'library';
  if (has('IDENTITY_ENDPOINT', 'IDENTITY_HEADER')) return 'app-service';
  if (has('MSI_ENDPOINT') || has('IDENTITY_ENDPOINT', 'IMDS_ENDPOINT')) return 'library';
  return isAzureArc() ? 'library' : 'imds';
}

/** Whether the agent of Azure Arc is installed; it needs no environment. */
function hasArcAgent(): boolean {
  const agent =
    process.platform === 'win32'
      ? `${process.env['ProgramFiles']}\\AzureConnectedMachineAgent\\himds.exe`
      : '/opt/azcmagent/bin/himds';
  try {
    accessSync(agent, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
