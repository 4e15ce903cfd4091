import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { redactError } from '../common/redaction.js';
import { ReauthenticationRequiredError } from '../entra/token-endpoint.error.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';

/** The refresh token of the options, or the function that reads it. */
export class InitialRefreshToken {
  readonly #settings: Pick<RefreshTokenSettings, 'initial' | 'transport'>;
  /** The refresh token as last read. */
  #offered: string | undefined;
  /** The same after it was refused or replaced. */
  #judged: string | undefined;

  constructor(settings: Pick<RefreshTokenSettings, 'initial' | 'transport'>) {
    this.#settings = settings;
    if (typeof settings.initial === 'string') this.#offered = settings.initial;
  }

  /**
   * @returns `undefined` when there is none
   * @throws {ReauthenticationRequiredError | EntraTimeoutError} when the function fails, or does not return
   */
  async read(): Promise<string | undefined> {
    const { initial } = this.#settings;
    this.#offered = typeof initial === 'function' ? await this.#call(initial) : initial;
    return this.#offered;
  }

  /** Notes that a refresh token was refused or replaced. */
  judge(refreshToken: string): void {
    if (refreshToken === this.#offered) this.#judged = refreshToken;
  }

  /** Whether it was refused or replaced as the refresh token of the options. */
  isJudged(refreshToken: string): boolean {
    return refreshToken === this.#judged;
  }

  async #call(initial: () => string | Promise<string>): Promise<string | undefined> {
    const { timeoutInMs, clock } = this.#settings.transport;
    const onTimeout = (): Error =>
      new EntraTimeoutError('The "refreshToken" function', timeoutInMs, 'It is called again.');
    const call = async (): Promise<unknown> => initial();
    let value: unknown;
    try {
      value = await withDeadline(call(), { timeoutInMs, clock, onTimeout });
    } catch (error) {
      const cause = redactError(error);
      if (cause instanceof EntraTimeoutError) throw cause;
      throw new ReauthenticationRequiredError(
        `The "refreshToken" function failed: ${cause.message.replace(/\.$/, '')}.`,
        'Check what it reads; it is called again.',
        { cause },
      );
    }
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  }
}
