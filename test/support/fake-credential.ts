import type { AccessToken, GetTokenOptions, TokenCredential } from 'nestjs-entra-auth';

import { databaseToken } from './tokens.js';

type Answer = () => AccessToken | null | Promise<AccessToken | null>;

export interface CredentialCall {
  scopes: string | string[];
  options: GetTokenOptions;
}

/**
 * A credential under the control of a test: it counts its calls and answers each with a new token, until it is told
 * otherwise.
 */
export class FakeCredential implements TokenCredential {
  readonly calls: CredentialCall[] = [];
  lifeInMs = 3_600_000;
  #issued = 0;
  #answer: Answer | undefined;

  constructor(private readonly now: () => number) {}

  /** A new token, distinct from every other. */
  issue(extra: Partial<AccessToken> = {}): AccessToken {
    return { token: `token-${++this.#issued}`, expiresOnTimestamp: this.now() + this.lifeInMs, ...extra };
  }

  /** Answers every call like this from now on. */
  answer(answer: Answer): void {
    this.#answer = answer;
  }

  fail(message = 'connect ECONNREFUSED'): void {
    this.answer(() => Promise.reject(new Error(message)));
  }

  hang(): void {
    this.answer(() => new Promise(() => undefined));
  }

  recover(): void {
    this.#answer = undefined;
  }

  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken | null> {
    this.calls.push({ scopes, options });
    if (this.#answer !== undefined) return this.#answer();
    return /ossrdbms/.test(String(scopes)) ? this.issueForDatabase() : this.issue();
  }

  /** A new token that a database takes. */
  issueForDatabase(): AccessToken {
    const token = this.issue();
    return { ...token, token: databaseToken(token.token) };
  }
}
