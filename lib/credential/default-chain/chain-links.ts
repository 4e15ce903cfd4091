import { definedOnly, type AzureIdentityContext } from '../azure-identity.js';
import type { ChainLink } from './chain-link.js';
import { selectLinks } from './chain-selection.js';
import {
  environmentLink,
  managedIdentityLink,
  workloadIdentityLink,
  type ChainIds,
} from './deployed-links.js';
import { developerLinks } from './developer-links.js';

/**
 * The links of the default chain, in the order of `DefaultAzureCredential`.
 *
 * @throws {CredentialUnavailableError} when `AZURE_TOKEN_CREDENTIALS` cannot be understood
 */
export function chainLinks({ tenantId, clientId }: ChainIds, context: AzureIdentityContext): ChainLink[] {
  const selected = selectLinks();
  const ids: ChainIds = definedOnly({ tenantId, clientId });
  return [
    environmentLink(context),
    workloadIdentityLink(ids, context),
    managedIdentityLink(ids, selected.length === 1, context),
    ...developerLinks(tenantId, context),
  ].filter(({ name }) => selected.includes(name));
}
