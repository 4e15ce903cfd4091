import { rememberSecret } from '../common/known-secrets.js';
import type { CredentialConfiguration } from './credential-configuration.js';

/** Removes the secrets of a configuration from every text that is redacted from now on. */
export function rememberSecretsOf(configuration: CredentialConfiguration): void {
  if (configuration.kind === 'client-secret') rememberSecret(configuration.clientSecret);
  if (configuration.kind === 'client-certificate') rememberSecret(configuration.certificatePassword);
}
