import type { Middleware } from '@microsoft/microsoft-graph-client';
import type { EntraDataSourceOptions, TokenCredentialFactory } from 'nestjs-entra-auth';

/** Where the application finds Entra ID, its database and Microsoft Graph. Nothing else knows whether it is Azure. */
export abstract class Platform {
  /** For people. */
  abstract readonly description: string;
  /** Makes the credential that every token comes from. */
  abstract readonly credential: TokenCredentialFactory;
  abstract readonly database: Pick<
    EntraDataSourceOptions,
    'host' | 'port' | 'database' | 'username' | 'ssl' | 'extra'
  >;
  abstract readonly graph: GraphEndpoint;

  /** Ends what was started for the application. */
  abstract close(): Promise<void>;
}

export interface GraphEndpoint {
  url: string;
  /** How requests get there. Default: by `fetch`. */
  transport?: Middleware;
}
