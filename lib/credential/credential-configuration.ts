/** The options of every kind. */
interface CommonConfiguration {
  /**
   * The authority to ask, an `https` URL.
   *
   * @default that of the module's `cloud`
   */
  authorityHost?: string;
  /**
   * Certificate authorities of a private authority, as PEM. Such an authority is not looked up among Microsoft's.
   */
  certificateAuthority?: string;
  /**
   * Deadline of one HTTP request, headers and body, in milliseconds.
   *
   * @default 10000
   */
  requestTimeoutInMs?: number;
}

/**
 * A credential as plain data, as from a configuration file. The module makes the credential from it, without the retries
 * of `@azure/identity`, with a deadline on each request, and with the true status and `Retry-After` of failed requests.
 *
 * @see https://learn.microsoft.com/javascript/api/overview/azure/identity-readme
 */
export type CredentialConfiguration = CommonConfiguration &
  (
    | {
        /**
         * Environment, workload identity, managed identity, developer tools, in this order, as `DefaultAzureCredential`.
         * Stays with the one that gave a token. `AZURE_TOKEN_CREDENTIALS` may leave out some.
         */
        kind: 'default';
        tenantId?: string;
        /** Client id of a user-assigned managed identity or a workload identity. */
        clientId?: string;
      }
    | {
        /** The identity of the machine; user-assigned when one of the ids is given. */
        kind: 'managed-identity';
        clientId?: string;
        objectId?: string;
        resourceId?: string;
      }
    | {
        /** The identity of a Kubernetes pod. Omitted options are read from the environment that AKS injects. */
        kind: 'workload-identity';
        tenantId?: string;
        clientId?: string;
        tokenFilePath?: string;
      }
    | { kind: 'client-secret'; tenantId: string; clientId: string; clientSecret: string }
    | {
        kind: 'client-certificate';
        tenantId: string;
        clientId: string;
        /** PEM with certificate and private key. Give this or `certificatePath`. */
        certificate?: string;
        /** File with the same, read again for each new token. */
        certificatePath?: string;
        certificatePassword?: string;
      }
  );

/** The credentials of `@azure/identity` that can be given as plain data. */
export type CredentialKind = CredentialConfiguration['kind'];
