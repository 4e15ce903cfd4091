import { Subject, type Observable } from 'rxjs';

import {
  FakeToken,
  type FakeAccessToken,
  type FakeTokenChange,
  type FakeTokenError,
  type FakeTokenState,
  type FakeTokenValue,
} from './fake-token.js';
import { unavailable, unknown } from './fake-token.error.js';

/** How the fake tokens live. */
export interface FakeEntraTokensOptions {
  /** How long each token lives, in seconds. @default 3600 */
  lifetimeInSeconds?: number;
  /** Time, such as a {@link ManualClock}. @default `Date.now`, which the fake timers of a test runner move */
  clock?: { now(): number };
}

/** The scopes by which clients of the SDKs ask for a resource that the module knows by name. */
const wellKnownScopes: Readonly<Record<string, string>> = {
  'https://graph.microsoft.com/.default': 'graph',
  'https://ossrdbms-aad.database.windows.net/.default': 'postgres',
  'https://database.windows.net/.default': 'sql',
  'https://vault.azure.net/.default': 'keyvault',
  'https://management.azure.com/.default': 'management',
  'https://redis.azure.com/.default': 'redis',
  'https://storage.azure.com/.default': 'storage',
};

/**
 * An `EntraTokenService` without a network, a credential or a timer. Made by {@link fakeEntraTokens}. What the real service
 * does in the background happens here when the next call looks, so that nothing is left to stop.
 */
export class FakeEntraTokens {
  readonly #tokens: ReadonlyMap<string, FakeToken>;
  readonly #events = new Subject<FakeTokenChange & { resource: string }>();
  /** What happens to the tokens. Completes when the application shuts down. */
  readonly events: Observable<FakeTokenChange & { resource: string }> = this.#events.asObservable();
  /** The logins that were reported as refused, in order. */
  readonly refusedLogins: { resource: string; error: Error }[] = [];

  /** @internal made by `fakeEntraTokens` */
  constructor(values: Readonly<Record<string, FakeTokenValue>>, options: FakeEntraTokensOptions) {
    const { lifetimeInSeconds = 3_600, clock = { now: () => Date.now() } } = options;
    const fake = ([resource, value]: [string, FakeTokenValue]): [string, FakeToken] => [
      resource,
      new FakeToken({
        value,
        lifetimeInMs: lifetimeInSeconds * 1000,
        now: () => clock.now(),
        emit: (change) => this.#events.next({ ...change, resource }),
      }),
    ];
    this.#tokens = new Map(Object.entries(values).map(fake));
  }

  /**
   * The token of a resource, by its name or its scopes. Options change nothing.
   *
   * @throws Error with the code `ENTRA_TOKEN_UNAVAILABLE` after `fail()`, when no valid token is held
   * @throws Error with the code `ENTRA_RESOURCE_UNKNOWN` for what was not given to `fakeEntraTokens`
   */
  getToken(resourceOrScopes: string | string[], _options?: object): Promise<FakeAccessToken> {
    return promised(() => this.#named([resourceOrScopes].flat().join(' ')).get());
  }

  /** Replaces a token that a server rejected, at once. After `fail()` it stays, and the state is `degraded`. */
  invalidate(rejected: { token: string } | string): void {
    const token = typeof rejected === 'string' ? rejected : rejected.token;
    for (const one of this.#tokens.values()) one.reject(token);
  }

  /** Notes the error in `refusedLogins`. */
  reportRefusedLogin(resource: string, error: Error): void {
    this.#named(resource);
    this.refusedLogins.push({ resource, error });
  }

  /** Replaces the token now. @throws Error what `fail()` was given */
  refresh(resource: string): Promise<FakeAccessToken> {
    return promised(() => this.#named(resource).renew());
  }

  /** Where the tokens stand, as the health indicator reads it. */
  state(resource?: string): (FakeTokenState & { resource: string; configured: boolean })[] {
    const names = resource === undefined ? [...this.#tokens.keys()] : [resource];
    return names.map((name) => ({ resource: name, configured: true, ...this.#named(name).state() }));
  }

  /** A function that returns the current token. */
  passwordProvider(resource = 'postgres'): () => Promise<string> {
    this.#named(resource);
    return async () => (await this.getToken(resource)).token;
  }

  /** Ends the held token: the next call gets a new one, or an error after `fail()`. @param resource Default: all */
  expire(resource?: string): void {
    for (const token of this.#chosen(resource)) token.expire();
  }

  /**
   * Has every attempt fail from now on. A token that is held serves until it expires, as in the real service: add `expire()`
   * for an outage that callers notice.
   *
   * @param resource Default: all
   * @param error what callers get; give a `TokenUnavailableError` where the application asks for `instanceof`.
   *   Default: an error of the same name, code and shape
   */
  fail(resource?: string, error?: FakeTokenError): void {
    const names = resource === undefined ? [...this.#tokens.keys()] : [resource];
    for (const name of names) this.#named(name).fail(error ?? unavailable(name));
  }

  /** Ends what `fail()` began, with a new token. @param resource Default: all */
  recover(resource?: string): void {
    for (const token of this.#chosen(resource)) token.recover();
  }

  /** Gets every token. Called by Nest. @throws Error what `fail()` was given */
  onModuleInit(): Promise<void> {
    return promised(() => {
      for (const token of this.#tokens.values()) token.get();
    });
  }

  /** Completes `events`. Called by Nest. */
  onApplicationShutdown(): Promise<void> {
    this.#events.complete();
    return Promise.resolve();
  }

  #chosen(resource: string | undefined): Iterable<FakeToken> {
    return resource === undefined ? this.#tokens.values() : [this.#named(resource)];
  }

  #named(name: string): FakeToken {
    const known = this.#tokens.get(name) ?? this.#tokens.get(wellKnownScopes[name] ?? '');
    if (known === undefined) throw unknown(name, [...this.#tokens.keys()]);
    return known;
  }
}

/** What the work throws is a rejection. */
function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/**
 * Makes an `EntraTokenService` for tests that need no Entra: no request, no timer, tokens that expire, fail and recover
 * when the test asks for that.
 *
 * ```ts
 * const tokens = fakeEntraTokens({ graph: 'token' });
 * Test.createTestingModule({ imports: [AppModule] }).overrideProvider(EntraTokenService).useValue(tokens);
 * tokens.fail('graph');
 * tokens.expire('graph');
 * ```
 *
 * Both health indicators follow it; a data source of the module connects to nothing as long as it is there.
 *
 * @param values the token of each resource, by the name of the resource or by scopes
 */
export function fakeEntraTokens(
  values: Readonly<Record<string, FakeTokenValue>>,
  options: FakeEntraTokensOptions = {},
): FakeEntraTokens {
  return new FakeEntraTokens(values, options);
}
