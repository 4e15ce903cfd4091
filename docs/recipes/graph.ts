import { Client, MiddlewareFactory, type ClientOptions } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { GraphChallengeHandler, type EntraTokenService } from 'nestjs-entra-auth';

const scopes = ['https://graph.microsoft.com/.default'];

export function createGraphClient(tokens: EntraTokenService, options: ClientOptions = {}): Client {
  const authentication = new TokenCredentialAuthenticationProvider(tokens, { scopes });
  const middleware = MiddlewareFactory.getDefaultMiddlewareChain(authentication);
  middleware.splice(1, 0, new GraphChallengeHandler(tokens));
  return Client.initWithMiddleware({ ...options, middleware });
}
