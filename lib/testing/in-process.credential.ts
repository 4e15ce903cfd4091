import type { LocalClient } from './directory/file-backed.client.js';
import type { EndpointResponse } from './http/endpoint.js';
import type { RequestDispatcher } from './http/request.dispatcher.js';

/** What the caller of {@link LocalCredential.getToken} may say beyond the scopes. */
export interface LocalTokenOptions {
  /** Answers a claims challenge. */
  claims?: string;
  /** Another tenant than the client's. */
  tenantId?: string;
  /** Declares that claims challenges are understood (`cp1`). */
  enableCae?: boolean;
  /** Ends the caller's wait. */
  abortSignal?: { readonly aborted: boolean; addEventListener(type: 'abort', listener: () => void): void };
}

/** A `TokenCredential` of a client of the local Entra. */
export interface LocalCredential {
  /** @throws Error with the AADSTS code in its message and the status as `statusCode` */
  getToken(
    scopes: string | string[],
    options?: LocalTokenOptions,
  ): Promise<{ token: string; expiresOnTimestamp: number }>;
}

/** Asks the token endpoint without a socket in between, so that the answer is there before the clock moves on. */
export class InProcessCredential implements LocalCredential {
  constructor(
    private readonly authority: RequestDispatcher,
    private readonly client: LocalClient,
    private readonly now: () => number,
  ) {}

  async getToken(
    scopes: string | string[],
    options: LocalTokenOptions = {},
  ): Promise<{ token: string; expiresOnTimestamp: number }> {
    const askedAt = this.now();
    const outcome = await this.authority.outcome({
      method: 'POST',
      path: `/${options.tenantId ?? this.client.tenantId}/oauth2/v2.0/token`,
      query: new URLSearchParams(),
      headers: {},
      body: this.body(scopes, options),
    });
    if (outcome === 'silence' || (outcome !== 'reset' && outcome.afterHalf === 'then-hang')) {
      return aborted(options.abortSignal);
    }
    if (outcome === 'reset' || outcome.afterHalf !== undefined) {
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    }
    return tokenIn(outcome.response, askedAt);
  }

  private body(scopes: string | string[], { claims, enableCae }: LocalTokenOptions): string {
    const capabilities = enableCae ? { access_token: { xms_cc: { values: ['CP1'] } } } : {};
    const asked = claims === undefined ? {} : (JSON.parse(claims) as { access_token?: object });
    const accessToken = { ...capabilities.access_token, ...asked.access_token };
    return new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: this.client.clientId,
      client_secret: this.client.clientSecret,
      scope: [scopes].flat().join(' '),
      ...(Object.keys(accessToken).length > 0 && { claims: JSON.stringify({ access_token: accessToken }) }),
    }).toString();
  }
}

function aborted(signal: LocalTokenOptions['abortSignal']): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void =>
      reject(Object.assign(new Error('The request was aborted.'), { name: 'AbortError' }));
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}

function tokenIn(
  { status, headers, body }: EndpointResponse,
  askedAt: number,
): { token: string; expiresOnTimestamp: number } {
  const answer = (typeof body === 'object' ? body : {}) as Record<string, unknown>;
  const { access_token: token, expires_in: expiresIn, error_description: description } = answer;
  if (status === 200 && typeof token === 'string') {
    return { token, expiresOnTimestamp: askedAt + Number(expiresIn) * 1000 };
  }
  const message = typeof description === 'string' ? description : `The token endpoint answered ${status}.`;
  throw Object.assign(new Error(message), { statusCode: status, response: { status, headers } });
}
