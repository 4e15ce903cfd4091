import { CredentialUnavailableError } from '../errors/credential-unavailable.error.js';
import { redactError } from '../observability/redaction.js';
import type { TokenCredential } from './token-credential.js';

/**
 * Makes Azure's `DefaultAzureCredential`. `@azure/identity` is an optional peer and slow to import, so it is loaded
 * only here, when an application names no credential of its own.
 *
 * @throws {CredentialUnavailableError} when `@azure/identity` is not installed
 * @see https://learn.microsoft.com/javascript/api/@azure/identity/defaultazurecredential
 */
export async function createDefaultCredential(): Promise<TokenCredential> {
  let identity: typeof import('@azure/identity');
  try {
    identity = await import('@azure/identity');
  } catch (error) {
    throw new CredentialUnavailableError(
      'No "credential" is configured, and "@azure/identity", which has the default one, could not be loaded.',
      'Run `npm install @azure/identity`, or pass a "credential".',
      redactError(error),
    );
  }
  return new identity.DefaultAzureCredential();
}
