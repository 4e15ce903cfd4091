import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';

/** Boots a Nest application that has only this module, and returns its token service. */
export async function startApplication(options) {
  class AppModule {}
  const imports = [ScheduleModule.forRoot(), EntraAuthModule.forRoot(options)];
  const application = await NestFactory.createApplicationContext(
    { module: AppModule, imports },
    { logger: ['error'] },
  );
  return { application, tokens: application.get(EntraTokenService), close: () => application.close() };
}

/** The options that lead a credential of `@azure/identity` to the local Entra. */
export function clientSecretOf(entra) {
  const { clientId, clientSecret } = entra.client;
  const options = {
    authorityHost: entra.authorityHost,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: entra.certificateAuthority },
  };
  return [entra.tenantId, clientId, clientSecret, options];
}

let issued = 0;

/** A credential that costs nothing, so that what is measured is this module. */
export const instantCredential = {
  getToken: () => Promise.resolve({ token: `token-${issued++}`, expiresOnTimestamp: Date.now() + 3_600_000 }),
};

/** So many resources, each with a scope of its own. */
export function resources(count, more = {}) {
  const name = (n) => `resource-${n}`;
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      name(n),
      { scopes: `https://${name(n)}.example/.default`, ...more },
    ]),
  );
}
