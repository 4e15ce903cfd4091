/** An application that holds tokens of users. */
import { EntraUserTokenService } from 'nestjs-entra-auth/users';

import { startApplication } from './application.mjs';
import { clientId, tenantId } from './users-tokens.mjs';

export async function startUsers({ authorityHost, certificateAuthority }) {
  const client = {
    tenantId,
    clientId,
    clientSecret: 'a secret of ours',
    authorityHost,
    certificateAuthority,
  };
  const { application, close } = await startApplication({
    startup: 'lazy',
    users: {
      client,
      resources: { graph: { scopes: ['User.Read'] } },
      cache: { maxUsers: 200_000, maxBytes: 2 ** 31 },
    },
  });
  return { users: application.get(EntraUserTokenService), close };
}
