import { Client, MiddlewareFactory, type GraphError } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import {
  BadGatewayException,
  GatewayTimeoutException,
  Injectable,
  Logger,
  ServiceUnavailableException,
} from '@nestjs/common';
import { GraphChallengeHandler, type EntraTokenService } from 'nestjs-entra-auth';
import type { UserTokenCredential } from 'nestjs-entra-auth/users';

import { Platform } from '../platform/platform.js';
import { FetchHandler } from './fetch.handler.js';

const timeoutInMs = 10_000;

/** In whose name Graph is called: the application's, or a person's. */
export interface GraphCaller {
  credential: EntraTokenService | UserTokenCredential;
  scopes: string[];
}

/** Makes clients of Microsoft Graph, each for one caller. */
@Injectable()
export class GraphClients {
  constructor(private readonly platform: Platform) {}

  /** Makes no request. */
  as(caller: GraphCaller): GraphClient {
    return new GraphClient(caller, this.platform);
  }
}

/** Calls Microsoft Graph with its SDK, which takes its tokens from a credential of the library. */
export class GraphClient {
  private readonly logger = new Logger(GraphClient.name);
  private readonly client: Client;

  constructor(
    private readonly caller: GraphCaller,
    { graphUrl: baseUrl, fetch }: Platform,
  ) {
    const { credential, scopes } = caller;
    const authentication = new TokenCredentialAuthenticationProvider(credential, { scopes });
    const middleware = MiddlewareFactory.getDefaultMiddlewareChain(authentication);
    // Graph may refuse a token before its expiry, for instance because it was revoked. The next one may do.
    middleware.splice(1, 0, new GraphChallengeHandler(credential, scopes));
    middleware.splice(-1, 1, new FetchHandler(fetch));
    // The SDK gives tokens to the hosts of Graph, and to those that are named here.
    const customHosts = new Set([new URL(baseUrl).hostname]);
    this.client = Client.initWithMiddleware({ middleware, baseUrl, customHosts });
  }

  async get(path: string): Promise<Record<string, unknown>> {
    const { credential, scopes } = this.caller;
    // The SDK makes an error of its own of what a credential throws. Asked before, it is thrown as it is.
    await credential.getToken(scopes);
    try {
      const request = this.client.api(path).option('signal', AbortSignal.timeout(timeoutInMs));
      return (await request.get()) as Record<string, unknown>;
    } catch (error) {
      throw this.translate(path, error as GraphError);
    }
  }

  /** The SDK makes a `GraphError` of everything, with the name of the error underneath as its code. */
  private translate(path: string, error: GraphError): Error {
    const { statusCode, code, message } = error;
    // `UserChallengeFilter` knows it by its code, and has the challenge.
    if (code === 'UserInteractionRequiredError') return error;
    this.logger.error(
      `${path} of Graph failed with ${[statusCode, code, message].filter(Boolean).join(', ')}`,
    );
    // By `fetch` an end by the signal has the name of its reason, by `node:https` a name of its own.
    if (code === 'TimeoutError' || code === 'AbortError') {
      return new GatewayTimeoutException('Microsoft Graph did not answer in time.');
    }
    if (code === 'TokenUnavailableError') {
      return new ServiceUnavailableException(
        'There is no access token at the moment. Please try again later.',
      );
    }
    if (statusCode < 0) return new BadGatewayException('Microsoft Graph could not be reached.');
    return new BadGatewayException(`Microsoft Graph answered with status ${statusCode}.`);
  }
}
