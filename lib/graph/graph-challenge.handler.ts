import { isEntraAuthError } from '../common/entra-auth.error.js';
import type { AbortSignalLike, AccessToken, GetTokenOptions } from '../entra/token-credential.js';
import { parseClaimsChallenge } from './claims-challenge.js';
import type { GraphContext, GraphMiddleware, GraphRequestOptions } from './graph-middleware.js';

/** What the handler needs of `EntraTokenService`. */
interface GraphTokens {
  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  invalidate(rejected: string): void;
}

/** A claims challenge that has been answered. */
interface Answer {
  refused: string;
  claims: string;
  token: string;
}

/**
 * Middleware for the client of the Microsoft Graph SDK, behind the SDK's own authentication handler. When Graph refuses
 * a token with 401, it gets another one and repeats the request once: with the claims of the challenge if there is one,
 * else after `EntraTokenService.invalidate`. A second refusal reaches the caller, as does the first one when there is no
 * other token, or when the body is a stream and gone. Throttling (429) and redirects stay with the SDK.
 *
 * Graph sends claims challenges to clients that ask for tokens with `enableCae` only.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation
 */
export class GraphChallengeHandler implements GraphMiddleware {
  readonly #tokens: GraphTokens;
  readonly #resource: string | string[];
  #next: GraphMiddleware | undefined;
  #answer: Answer | undefined;

  /** @param resourceOrScopes what the authentication handler asks tokens for. Default: `'graph'` */
  constructor(tokens: GraphTokens, resourceOrScopes: string | string[] = 'graph') {
    this.#tokens = tokens;
    this.#resource = resourceOrScopes;
  }

  /** Called by the SDK. */
  setNext(next: GraphMiddleware): void {
    this.#next = next;
  }

  /** Called by the SDK. */
  async execute(context: GraphContext): Promise<void> {
    const { request, options } = context;
    // Later handlers add headers, and after a redirect replace the address: the repetition starts from here.
    const original = copy(options);
    await this.#send(context);
    const { response } = context;
    const refused = tokenIn(context.options);
    // Without this token in the last request, Graph was not asked: the SDK takes it away from other hosts.
    if (response === undefined || refused === undefined || refused !== tokenIn(original)) return;
    if (response.status !== 401 && response.status !== 403) return;
    const claims = parseClaimsChallenge(response.headers.get('www-authenticate'));
    // Without a challenge 403 is a missing permission, and with one that was answered it is final.
    const final = claims === undefined || (this.#answer?.claims === claims && this.#answer.token === refused);
    if (response.status === 403 && final) return;
    const token = await this.#replace(refused, claims, original.signal);
    if (token === refused || token === undefined || !isRepeatable(original.body)) return;
    // An unread body keeps its connection. Cancelling a broken one fails, which changes nothing.
    await response.body?.cancel().catch(() => undefined);
    context.request = request;
    context.options = { ...original, headers: { ...original.headers, [authorization]: `Bearer ${token}` } };
    await this.#send(context);
  }

  async #send(context: GraphContext): Promise<void> {
    if (this.#next === undefined) throw new TypeError('GraphChallengeHandler cannot be the last middleware.');
    await this.#next.execute(context);
  }

  /** Returns another token, or `undefined` without one: then the caller gets the refusal. */
  async #replace(
    refused: string,
    claims: string | undefined,
    signal: AbortSignalLike | null | undefined,
  ): Promise<string | undefined> {
    const options: GetTokenOptions = signal ? { abortSignal: signal } : {};
    const last = this.#answer?.claims === claims ? this.#answer : undefined;
    // A request that was sent before the last challenge was answered.
    if (last?.refused === refused) return last.token;
    try {
      // To ask with the same claims again would bring the same refusal, with a token request each time.
      if (claims === undefined || last?.token === refused) {
        this.#tokens.invalidate(refused);
        return (await this.#tokens.getToken(this.#resource, options)).token;
      }
      const { token } = await this.#tokens.getToken(this.#resource, { ...options, claims });
      this.#answer = { refused, claims, token };
      return token;
    } catch (error) {
      // Its challenge is for the client of the application.
      const isForUser = isEntraAuthError(error) && error.code === 'ENTRA_USER_INTERACTION_REQUIRED';
      if (isEntraAuthError(error) && !isForUser) return undefined;
      throw error;
    }
  }
}

const authorization = 'Authorization';

type Headers = Record<string, string>;

function copy(options: GraphRequestOptions = {}): GraphRequestOptions & { headers: Headers } {
  return { ...options, headers: { ...(options.headers as Headers | undefined) } };
}

function tokenIn(options: GraphRequestOptions | undefined): string | undefined {
  const header = (options?.headers as Headers | undefined)?.[authorization];
  return /^Bearer (\S+)$/.exec(header ?? '')?.[1];
}

/** A stream has been read by the first request. */
function isRepeatable(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  return (
    ArrayBuffer.isView(body) ||
    [ArrayBuffer, Blob, FormData, URLSearchParams].some((repeatable) => body instanceof repeatable)
  );
}
