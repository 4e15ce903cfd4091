import type { EntraAuthModuleOptions } from 'nestjs-entra-auth';
import { ManualClock, type LocalEntra } from 'nestjs-entra-auth/testing';

import { assemble } from '../../../lib/options/assemble.js';
import { EntraUserTokenService } from '../../../lib/nest/users/entra-user-token.service.js';

type UserTokenOptions = NonNullable<EntraAuthModuleOptions['users']>;

/** Options that lead to the local Entra. */
export function userOptions(
  entra: LocalEntra,
  {
    client,
    ...more
  }: { client?: Partial<UserTokenOptions['client']> } & Omit<Partial<UserTokenOptions>, 'client'> = {},
): UserTokenOptions {
  return {
    client: {
      tenantId: entra.tenantId,
      clientId: entra.client.clientId,
      ...(client?.clientAssertion === undefined &&
        client?.clientCertificate === undefined && { clientSecret: entra.client.clientSecret }),
      authorityHost: entra.authorityHost,
      certificateAuthority: entra.certificateAuthority,
      ...client,
    },
    resources: { graph: { scopes: ['User.Read'] } },
    ...more,
  };
}

/** The service without Nest, with what it logs. */
export function startUserTokens(
  users: UserTokenOptions,
  { clock = new ManualClock(), ...more }: Partial<EntraAuthModuleOptions> = {},
) {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const logger = { debug: write, log: write, warn: write, error: write };
  const { users: tokens, engine } = assemble({ users, clock, startup: 'lazy', ...more }, { logger });
  const service = new EntraUserTokenService(tokens);
  const stop = async (): Promise<void> => {
    await service.onApplicationShutdown();
    await engine.stop();
  };
  return { service, lines, engine, stop };
}
