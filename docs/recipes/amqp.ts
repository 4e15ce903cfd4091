import type { AccessToken, EntraTokenService, GetTokenOptions } from 'nestjs-entra-auth';

/** The clients of Event Hubs and Service Bus renew this long before the end that they are told. */
const renewedAheadByMs = 120_000;

/** A credential for these clients. They present the token that is held when they connect, and every five minutes. */
export function amqpCredential(tokens: Pick<EntraTokenService, 'getToken'>, everyInMs = 300_000) {
  return {
    async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
      const { token } = await tokens.getToken(scopes, options);
      return { token, expiresOnTimestamp: Date.now() + renewedAheadByMs + everyInMs };
    },
  };
}
