import { certificateExpiryOf, type CertificateHolder } from '../../entra/client-credential.js';
import {
  isUncached,
  type AbortSignalLike,
  type AccessToken,
  type GetTokenOptions,
  type TokenCredential,
  type UncachedCredential,
} from '../../entra/token-credential.js';
import { observationOf, observe, type WireObservation } from '../../entra/wire-observation.js';
import { chainFailure, refusalOf, signInFailure, type AskedLink } from './chain-failure.js';
import type { ChainLink, LinkName } from './chain-link.js';

/** The memory that instances of the chain share. */
export interface ChainMemory {
  /** The link that gave a token last. */
  link?: LinkName;
}

/** Tries the credentials of the default chain in order, then stays with the one that gave a token. */
export class DefaultCredential implements TokenCredential, UncachedCredential, CertificateHolder {
  readonly #links: readonly ChainLink[];
  readonly #memory: ChainMemory;
  #used: TokenCredential | undefined;
  readonly #made = new Map<LinkName, Promise<TokenCredential>>();

  constructor(links: readonly ChainLink[], memory: ChainMemory) {
    this.#links = links;
    this.#memory = memory;
  }

  get isUncached(): boolean {
    return isUncached(this.#used);
  }

  certificateExpiresAt(): Date | undefined {
    return certificateExpiryOf(this.#used);
  }

  /**
   * @throws {CredentialUnavailableError} with a line for each link, when none gave a token
   * @throws {ReauthenticationRequiredError} when the tool that gave an earlier token needs a new sign-in
   * @throws what the link that gave an earlier token throws
   */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    const known = this.#links.find(({ name }) => name === this.#memory.link);
    if (known !== undefined) {
      this.#used = await this.#credentialOf(known);
      try {
        return await this.#used.getToken(scopes, options);
      } catch (error) {
        throw signInFailure(known, error) ?? error;
      }
    }
    const asked: AskedLink[] = [];
    const observation = observationOf(options?.abortSignal);
    for (const link of this.#links) {
      const refusal = await this.#ask(link, observation, scopes, options);
      if ('token' in refusal) {
        // A link with a passing failure comes first again next time.
        if (!asked.some(({ passing }) => passing)) this.#memory.link = link.name;
        return refusal;
      }
      asked.push({ ...refusal, link });
    }
    throw chainFailure(asked);
  }

  async #ask(
    link: ChainLink,
    ofChain: WireObservation,
    scopes: string | string[],
    options?: GetTokenOptions,
  ): Promise<AccessToken | Omit<AskedLink, 'link'>> {
    throwIfAborted(options?.abortSignal);
    const refusal = await link.refusal(options?.abortSignal);
    if (refusal !== undefined) return refusal;
    // Each link has its own observation: a later link must not inherit it.
    const signal = options?.abortSignal;
    const observation = signal && observe(signal);
    const pass = (): unknown => Object.assign(ofChain, observation);
    try {
      const credential = await this.#credentialOf(link);
      const token = await credential.getToken(scopes, options);
      pass();
      this.#used = credential;
      return token ?? { reason: 'gave no token', passing: true };
    } catch (error) {
      throwIfAborted(options?.abortSignal);
      if (!link.decides) return refusalOf(error);
      pass();
      throw error;
    }
  }

  #credentialOf(link: ChainLink): Promise<TokenCredential> {
    let made = this.#made.get(link.name);
    if (made === undefined) {
      made = link.make();
      this.#made.set(link.name, made);
      made.catch(() => this.#made.delete(link.name));
    }
    return made;
  }
}

function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw new DOMException('The request was aborted.', 'AbortError');
}
