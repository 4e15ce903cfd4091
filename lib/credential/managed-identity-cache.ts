import type { AccessToken } from './token-credential.js';
import { wireObservation } from './wire-observation.js';

/** What is used of `ManagedIdentityApplication` of `@azure/msal-node`. */
interface ManagedIdentityApplication {
  acquireToken(request: { resource: string; forceRefresh?: boolean }): Promise<{
    accessToken: string;
    expiresOn: Date | null;
    refreshOn?: Date;
  }>;
}

/**
 * The cache in which `@azure/msal-node` keeps the tokens of managed identity. It belongs to the process, so a new
 * credential has the same, and `@azure/identity` has no way past it. MSAL's own way replaces the cached token.
 *
 * @see https://learn.microsoft.com/javascript/api/@azure/msal-node/managedidentityapplication
 */
export class ManagedIdentityCache {
  readonly #application: ManagedIdentityApplication;

  private constructor(application: ManagedIdentityApplication) {
    this.#application = application;
  }

  /**
   * The cache behind a `ManagedIdentityCredential`, or behind the one in a chain such as `DefaultAzureCredential`.
   *
   * The application of the credential itself is taken, though it is private there: it asks for the right identity, its
   * requests are capped, and a second `@azure/msal-node`, as an import from here might give, would have another cache.
   *
   * @returns `undefined` when there is none, as in a version of `@azure/identity` that is built differently
   */
  static of(credential: object): ManagedIdentityCache | undefined {
    const chain: unknown = Reflect.get(credential, '_sources');
    const sources: readonly unknown[] = Array.isArray(chain) ? chain : [credential];
    const application = sources.map(applicationOf).find((found) => found !== undefined);
    return application && new ManagedIdentityCache(application);
  }

  /** Whether a token came from here. Nothing is sent to find out. */
  async holds(token: string, scopes: readonly string[]): Promise<boolean> {
    const resource = resourceOf(scopes);
    if (resource === undefined) return false;
    try {
      // With the signal aborted beforehand, a request fails before it is sent; only the cache can answer.
      const signal = AbortSignal.abort();
      const cached = await wireObservation.run({ signal }, () =>
        this.#application.acquireToken({ resource }),
      );
      return cached.accessToken === token;
    } catch {
      return false;
    }
  }

  /** Gets a token from the endpoint and puts it into the cache in place of the old one. */
  async replace(scopes: readonly string[]): Promise<AccessToken> {
    const resource = resourceOf(scopes) ?? '';
    const answer = await this.#application.acquireToken({ resource, forceRefresh: true });
    const { accessToken, expiresOn, refreshOn } = answer;
    return {
      token: accessToken,
      expiresOnTimestamp: expiresOn?.getTime() ?? NaN,
      ...(refreshOn === undefined ? {} : { refreshAfterTimestamp: refreshOn.getTime() }),
    };
  }
}

function applicationOf(credential: unknown): ManagedIdentityApplication | undefined {
  if (typeof credential !== 'object' || credential === null) return undefined;
  const application: unknown = Reflect.get(credential, 'managedIdentityApp');
  return isApplication(application) ? application : undefined;
}

function isApplication(value: unknown): value is ManagedIdentityApplication {
  return (
    typeof value === 'object' &&
    value !== null &&
    'acquireToken' in value &&
    typeof value.acquireToken === 'function'
  );
}

/** The only scope, as managed identity wants it; the cache is keyed by it. */
function resourceOf([scope, ...more]: readonly string[]): string | undefined {
  return scope === undefined || more.length > 0 ? undefined : scope.replace(/\/\.default$/, '');
}
