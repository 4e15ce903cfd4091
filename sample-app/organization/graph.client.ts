import { Client, MiddlewareFactory, type GraphError } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import {
  BadGatewayException,
  GatewayTimeoutException,
  Injectable,
  Logger,
  ServiceUnavailableException,
  type HttpException,
} from '@nestjs/common';
import { EntraTokenService, GraphChallengeHandler } from 'nestjs-entra-auth';

import { Platform } from '../platform/platform.js';
import type { Organization } from './organization.dto.js';

const scopes = ['https://graph.microsoft.com/.default'];
const timeoutInMs = 10_000;

/** Calls Microsoft Graph with its SDK, which takes its tokens from the token service. */
@Injectable()
export class GraphClient {
  private readonly logger = new Logger(GraphClient.name);
  private readonly client: Client;

  constructor(tokens: EntraTokenService, platform: Platform) {
    const { url, transport } = platform.graph;
    const authentication = new TokenCredentialAuthenticationProvider(tokens, { scopes });
    const middleware = MiddlewareFactory.getDefaultMiddlewareChain(authentication);
    // Graph may refuse a token before its expiry, for instance because it was revoked. The next one may do.
    middleware.splice(1, 0, new GraphChallengeHandler(tokens));
    if (transport !== undefined) middleware.splice(-1, 1, transport);
    // The SDK gives tokens to the hosts of Graph, and to those that are named here.
    const customHosts = new Set([new URL(url).hostname]);
    this.client = Client.initWithMiddleware({ middleware, baseUrl: url, customHosts });
  }

  /** The tenant; `/me` would be refused, since no person has signed in. Needs the permission Organization.Read.All. */
  async organization(): Promise<Organization> {
    const { value } = await this.get('/organization');
    const [first] = Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
    const { id, displayName } = first ?? {};
    if (typeof id !== 'string' || typeof displayName !== 'string') {
      throw new BadGatewayException('Microsoft Graph sent an answer that cannot be read.');
    }
    return { id, displayName };
  }

  private async get(path: string): Promise<Record<string, unknown>> {
    try {
      const request = this.client.api(path).option('signal', AbortSignal.timeout(timeoutInMs));
      return (await request.get()) as Record<string, unknown>;
    } catch (error) {
      throw this.translate(path, error as GraphError);
    }
  }

  /** The SDK makes a `GraphError` of everything, with the name of the error underneath as its code. */
  private translate(path: string, { statusCode, code, message }: GraphError): HttpException {
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
