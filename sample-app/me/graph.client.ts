import { request } from 'node:https';
import { text } from 'node:stream/consumers';

import { BadGatewayException, GatewayTimeoutException, Injectable, Logger } from '@nestjs/common';
import { EntraTokenService, type AccessToken } from 'nestjs-entra-auth';

import { Platform } from '../platform/platform.js';
import type { GraphUser } from './graph-user.dto.js';

interface GraphResponse {
  status: number;
  body: string;
}

const timeoutInMs = 10_000;

/**
 * Calls Microsoft Graph. It uses `node:https` because the built-in `fetch` cannot be given a certificate authority,
 * which the local platform needs.
 */
@Injectable()
export class GraphClient {
  private readonly logger = new Logger(GraphClient.name);

  constructor(
    private readonly tokens: EntraTokenService,
    private readonly platform: Platform,
  ) {}

  async me(): Promise<GraphUser> {
    const { id, displayName } = (await this.get('/v1.0/me')) as GraphUser;
    return { id, displayName };
  }

  private async get(path: string): Promise<unknown> {
    const token = await this.tokens.getToken('graph');
    let response = await this.send(path, token);
    if (response.status === 401) {
      // Graph may refuse a token before its expiry, for instance because it was revoked. The next one may do.
      this.tokens.invalidate(token);
      response = await this.send(path, await this.tokens.getToken('graph'));
    }
    if (response.status !== 200) {
      this.logger.error(`Graph answered ${path} with ${response.status}: ${response.body.slice(0, 500)}`);
      throw new BadGatewayException(`Microsoft Graph answered with status ${response.status}.`);
    }
    try {
      return JSON.parse(response.body);
    } catch {
      throw new BadGatewayException('Microsoft Graph sent an answer that cannot be read.');
    }
  }

  private async send(path: string, { token }: AccessToken): Promise<GraphResponse> {
    const { url, certificateAuthority } = this.platform.graph;
    try {
      return await get(new URL(path, url), {
        ca: certificateAuthority,
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(timeoutInMs),
      });
    } catch (error) {
      const { name, message } = error as Error;
      this.logger.error(`Graph could not be reached: ${message}`);
      if (name === 'AbortError') throw new GatewayTimeoutException('Microsoft Graph did not answer in time.');
      throw new BadGatewayException('Microsoft Graph could not be reached.');
    }
  }
}

interface GetOptions {
  ca: string | undefined;
  headers: Record<string, string>;
  signal: AbortSignal;
}

function get(url: URL, options: GetOptions): Promise<GraphResponse> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}
