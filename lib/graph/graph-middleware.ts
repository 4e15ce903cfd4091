import type { AbortSignalLike } from '../entra/token-credential.js';

/**
 * The parts of the Microsoft Graph SDK that {@link GraphChallengeHandler} touches, written down here so that an
 * application without the SDK compiles against this package. The SDK's own types fit them.
 *
 * @see https://github.com/microsoftgraph/msgraph-sdk-javascript/blob/dev/docs/CustomMiddlewareChain.md
 */
export interface GraphMiddleware {
  execute(context: GraphContext): Promise<void>;
}

/** One request on its way through the chain. */
export interface GraphContext {
  /** The address; the SDK's redirects replace it. */
  request: unknown;
  options?: GraphRequestOptions | undefined;
  response?: GraphResponse | undefined;
}

/** What `fetch` is called with. */
export interface GraphRequestOptions {
  headers?: unknown;
  body?: unknown;
  signal?: AbortSignalLike | null | undefined;
}

/** What `fetch` answers. */
export interface GraphResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { cancel(): Promise<void> } | null;
}
