import type { TokenSubject } from '../tokens/hand-made-token.js';

/** A service principal of the local Entra and everything it can log in with. */
export interface LocalClient extends TokenSubject {
  /** Display name. */
  readonly name: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  /** Azure resource ID as a user-assigned managed identity. */
  readonly resourceId: string;
  /** PEM file with private key and certificate, for `ClientCertificateCredential`. Written when first read. */
  readonly certificatePath: string;
  /** File with a signed assertion, for `WorkloadIdentityCredential`. Written when first read. */
  readonly federatedTokenFile: string;
}
