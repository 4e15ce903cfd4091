import type { EntraTokenService } from 'nestjs-entra-auth';
import type { DataSourceOptions } from 'typeorm';

import type { Server } from './server.js';

export function sqlServerOptions(
  tokens: EntraTokenService,
  { host, port, database, ca }: Omit<Server, 'user'>,
): DataSourceOptions {
  // The server names the scope it wants; whatever it is, it gets the token of this resource.
  const credential = { getToken: () => tokens.getToken('sql') };
  return {
    type: 'mssql',
    host,
    port,
    database,
    extra: {
      authentication: { type: 'token-credential', options: { credential } },
      // With `encrypt: true`, tedious 19 does not insist on TLS.
      options: { encrypt: 'strict', cryptoCredentialsDetails: { ca } },
    },
  };
}
