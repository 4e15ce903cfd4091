import type { Workspace } from '../workspace.js';
import type { ServicePrincipal } from './service-principal.js';
import type { TokenSubject } from '../tokens/hand-made-token.js';

/** A service principal of the local Entra and everything it can log in with. */
export interface LocalClient extends TokenSubject {
  /** Display name. */
  readonly name: string;
  /** The tenant that it is registered in. */
  readonly tenantId: string;
  /** Its application id. */
  readonly clientId: string;
  /** A secret that it may log in with. */
  readonly clientSecret: string;
  /** Object id of its service principal. */
  readonly objectId: string;
  /** Azure resource ID as a user-assigned managed identity. */
  readonly resourceId: string;
  /** PEM file with private key and certificate, for `ClientCertificateCredential`. Written when first read. */
  readonly certificatePath: string;
  /** File with a signed assertion, for `WorkloadIdentityCredential`. Written when first read. */
  readonly federatedTokenFile: string;
}

/** A view of a service principal whose files are made on first use. */
export class FileBackedClient implements LocalClient {
  readonly name: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  readonly resourceId: string;

  constructor(
    private readonly principal: ServicePrincipal,
    private readonly workspace: Workspace,
    private readonly tokenFile: () => string,
  ) {
    this.name = principal.name;
    this.tenantId = principal.tenantId;
    this.clientId = principal.clientId;
    this.clientSecret = principal.clientSecret;
    this.objectId = principal.objectId;
    this.resourceId = principal.resourceId;
  }

  get certificatePath(): string {
    return this.workspace.file(`${this.objectId}.certificate.pem`, () => this.principal.certificate().pem);
  }

  get federatedTokenFile(): string {
    return this.tokenFile();
  }
}
