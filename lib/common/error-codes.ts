import type { EntraAuthErrorCode } from './entra-auth.error.js';

/** Why an error of some kind occurs, and what to do about it. */
export interface ErrorMeaning {
  readonly cause: string;
  /** What a person must do. An error names the values that it is about in its own `fix`. */
  readonly remedy: string;
}

/** What each code of an `EntraAuthError` means. */
export const errorCodes = {
  ENTRA_OPTIONS_INVALID: {
    cause: 'An option is missing, misspelt or has a value that it does not take.',
    remedy: 'Correct the option that the message names: the application does not start until then.',
  },
  ENTRA_RESOURCE_UNKNOWN: {
    cause: 'A token was asked for by a name that is neither a configured resource nor a scope.',
    remedy:
      'Add the resource to "resources", or ask by a scope such as "https://graph.microsoft.com/.default".',
  },
  ENTRA_CREDENTIAL_UNAVAILABLE: {
    cause:
      'No credential is available here: nothing is configured, a file is missing, or the package is not installed.',
    remedy:
      "On a developer's machine run `az login`; on Azure assign a managed identity, or set AZURE_TENANT_ID, " +
      'AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.',
  },
  ENTRA_TOKEN_INVALID: {
    cause:
      'A credential gave a token that cannot serve: malformed, expired, or for another audience or tenant.',
    remedy: 'Check the scope, the tenant and the cloud, and the cache of a credential of your own.',
  },
  ENTRA_TOKEN_UNAVAILABLE: {
    cause: 'No valid token is held for the resource, and the credential gave none.',
    remedy: 'Follow the end of the message; "aadsts" has the code of Entra where there is one.',
  },
  ENTRA_TIMEOUT: {
    cause: 'A token endpoint, a store or a database did not answer within its deadline.',
    remedy: 'Check that what the message names can be reached and answers; the background refresh goes on.',
  },
  ENTRA_SHUT_DOWN: {
    cause: 'A token was asked for after the application had closed.',
    remedy: 'Finish work that needs tokens before the application closes.',
  },
  ENTRA_INSECURE_CONNECTION: {
    cause: 'The server is not verified by TLS, or is not the configured one. No token was sent.',
    remedy: 'Check the host name; give a private certificate authority as "ssl": { ca }.',
  },
  ENTRA_LOGIN_REFUSED: {
    cause: 'The database, its pooler or Redis refused the token or the role.',
    remedy:
      'Compare the role with the Entra principal, upper and lower case included; the message has the SQL that creates it.',
  },
  ENTRA_DATABASE_UNREACHABLE: {
    cause: 'No connection to the database could be made.',
    remedy:
      'Check the host, the port, the firewall and the private endpoint of the server, and that it is running.',
  },
  ENTRA_ROLE_NAME_UNKNOWN: {
    cause: 'The data source has no "username", and the token names no role.',
    remedy: 'Give the name of the role as "username".',
  },
  ENTRA_TOKEN_REQUEST_FAILED: {
    cause: 'The token endpoint cannot be reached, is overloaded, or does not answer as a token endpoint.',
    remedy: 'Check the authority host, the tenant id, the scopes and any proxy in between.',
  },
  ENTRA_REFRESH_TOKEN_EXPIRED: {
    cause:
      'The refresh token is past its life: 90 days without use, or 24 hours of a single-page application.',
    remedy: 'Sign in again and store the new refresh token; it is picked up without a restart.',
  },
  ENTRA_REAUTHENTICATION_REQUIRED: {
    cause: 'The refresh token was revoked, or the resource needs consent or an interactive sign-in.',
    remedy: 'Sign in again, or grant consent; it is picked up without a restart.',
  },
  ENTRA_INVALID_CLIENT: {
    cause: "Entra does not accept the application's id, secret, certificate or assertion.",
    remedy: 'Create a new secret or certificate, and check the client id and the tenant.',
  },
  ENTRA_REFRESH_TOKEN_STORE: {
    cause: 'The store of the refresh token cannot be read or written.',
    remedy: 'Repair the store; until then the new refresh token is held in memory.',
  },
  ENTRA_REFRESH_TOKEN_CONFLICT: {
    cause: 'Another process replaced the stored refresh token at the same time.',
    remedy: 'Let only one application use the store, or give each a name of its own.',
  },
  ENTRA_REFRESH_TOKEN_UNREADABLE: {
    cause: 'The stored refresh token is encrypted with another key, damaged, or of another name.',
    remedy: 'Give the key that it was encrypted with, or store a new refresh token.',
  },
  ENTRA_SHARED_CACHE: {
    cause:
      'The records of a user could not be deleted from the shared cache. Tokens are served without the cache.',
    remedy:
      'Call "forgetUser" again when Redis or the database works: what is deleted already stays deleted.',
  },
  ENTRA_ASSERTION_INVALID: {
    cause:
      "The token of a caller cannot be exchanged: it is not a user's access token for this application, or has expired.",
    remedy: 'Answer 401: the client must get an access token for this application and call again.',
  },
  ENTRA_USER_INTERACTION_REQUIRED: {
    cause: 'Entra requires the user: a policy, multi-factor authentication, consent or a new sign-in.',
    remedy:
      'Answer 401 with the challenge of the error, as UserChallengeFilter does: the client signs the user in again.',
  },
} as const satisfies Readonly<Record<EntraAuthErrorCode, ErrorMeaning>>;
