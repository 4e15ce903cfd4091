import type { CredentialOption, EntraDataSourceOptions } from 'nestjs-entra-auth';

import type { RedisServer } from './redis-server.js';
import type { Registration } from './registration.js';
import type { Trouble } from './trouble.js';

/** Where the application finds Entra ID, its database and Microsoft Graph. Nothing else knows whether it is Azure. */
export abstract class Platform {
  /** For people. */
  abstract readonly description: string;
  /** The credential that every token comes from. */
  abstract readonly credential: CredentialOption;
  abstract readonly database: Pick<
    EntraDataSourceOptions,
    'host' | 'port' | 'database' | 'username' | 'ssl' | 'extra'
  >;
  /** For the queue and the cache, which the application has none of without it. */
  abstract readonly redis: RedisServer | undefined;
  /** For callers and people who sign in, whom the application does not serve without it. */
  abstract readonly registration: Registration | undefined;
  /** Address of Microsoft Graph. */
  abstract readonly graphUrl: string;
  /** Reaches Graph and Entra, and trusts their certificates. */
  abstract readonly fetch: typeof fetch;
  /** Whether it runs on this machine, for this user alone. */
  abstract readonly isLocal: boolean;
  /** What can go wrong on purpose; nothing on Azure. */
  abstract readonly troubles: readonly Trouble[];

  /** Ends what was started for the application. */
  abstract close(): Promise<void>;
}
