import type { Workspace } from '../workspace.js';
import type { LocalClient } from './local-client.js';
import type { ServicePrincipal } from './service-principal.js';

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
    return this.workspace.file(`${this.objectId}.certificate.pem`, () => this.principal.certificate.pem);
  }

  get federatedTokenFile(): string {
    return this.tokenFile();
  }
}
