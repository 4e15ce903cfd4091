import {
  Client,
  MiddlewareFactory,
  type Context,
  type FetchOptions,
  type Middleware,
} from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { GraphChallengeHandler, type EntraTokenService } from 'nestjs-entra-auth';

/** A request as it would have gone out. */
export interface SentRequest {
  url: string;
  token: string | undefined;
  options: FetchOptions;
}

export type Script = (request: SentRequest) => Response | Promise<Response>;

/** Stands where the SDK would call `fetch`. */
class Wire implements Middleware {
  readonly sent: SentRequest[] = [];
  constructor(readonly script: Script) {}

  async execute(context: Context): Promise<void> {
    const url = context.request as string;
    const options = { ...context.options, headers: { ...context.options?.headers } } as FetchOptions;
    const { Authorization: header } = options.headers as Record<string, string | undefined>;
    const request = { url, options, token: header?.replace(/^Bearer /, '') };
    this.sent.push(request);
    context.response = Object.defineProperty(await this.script(request), 'url', { value: url });
  }
}

/** A client of the real SDK with the handler in its chain, and what it sent to a Graph that follows a script. */
export function createGraph(tokens: EntraTokenService, script: Script) {
  const scopes = ['https://graph.microsoft.com/.default'];
  const chain = MiddlewareFactory.getDefaultMiddlewareChain(
    new TokenCredentialAuthenticationProvider(tokens, { scopes }),
  );
  const handler = new GraphChallengeHandler(tokens);
  const wire = new Wire(script);
  chain.splice(1, 0, handler);
  chain.splice(-1, 1, wire);
  const client = Client.initWithMiddleware({ middleware: chain });
  return { client, handler, sent: wire.sent, sentTokens: () => wire.sent.map(({ token }) => token) };
}

export const ok = (): Response => Response.json({ id: 'me' });

export function refusal(claims?: string): Response {
  const challenge = claims === undefined ? '' : `, claims="${Buffer.from(claims).toString('base64')}"`;
  return Response.json(
    { error: { code: 'InvalidAuthenticationToken', message: 'Refused.' } },
    { status: 401, headers: { 'www-authenticate': `Bearer realm=""${challenge}` } },
  );
}
