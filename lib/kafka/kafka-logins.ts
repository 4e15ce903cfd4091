import { EntraAuthError, isEntraAuthError, problemOf } from '../common/entra-auth.error.js';
import type { TokenEngine } from '../engine/token-engine.js';
import { readClaims } from '../entra/json-web-token.js';

/** What keeps the tokens: an `EntraTokenService`. */
export type KafkaTokenSource = Pick<TokenEngine, 'getToken' | 'state'>;

/** The token of one login, as `@confluentinc/kafka-javascript` takes it. */
export interface KafkaLogin {
  /** The token itself. A secret: never log it. */
  value: string;
  /** The object id of the identity; empty for an opaque token. */
  principal: string;
  /** When the token expires, in milliseconds since the Unix epoch. */
  lifetime: number;
}

/** The message that logs in with a token. @see https://www.rfc-editor.org/rfc/rfc7628 */
export const bearerMessage = ({ value }: KafkaLogin): Buffer =>
  Buffer.from(`n,,\x01auth=Bearer ${value}\x01\x01`);

/** Takes logins from the tokens of one resource. */
export class KafkaLogins {
  /** @throws {UnknownResourceError} for a name that is not configured */
  constructor(
    private readonly tokens: KafkaTokenSource,
    private readonly resource: string,
  ) {
    tokens.state(resource);
  }

  /**
   * The login that is valid now: at once while a token is held.
   *
   * @throws {EntraAuthError} without a token: the code of the token's error, without its cause
   */
  async current(): Promise<KafkaLogin> {
    try {
      const { token, expiresOnTimestamp } = await this.tokens.getToken(this.resource);
      const oid = readClaims(token)?.oid;
      return { value: token, principal: typeof oid === 'string' ? oid : '', lifetime: expiresOnTimestamp };
    } catch (error) {
      throw isEntraAuthError(error) ? retriable(error) : error;
    }
  }
}

/**
 * The error as kafkajs retries it: with `retriable: true`, which kafkajs looks for in the innermost `cause` too. Without
 * it, kafkajs ends a consumer for good.
 */
function retriable(error: EntraAuthError): EntraAuthError {
  const { code, fix, retryable } = error;
  const details = { problem: problemOf(error), fix, retryable };
  return Object.assign(new EntraAuthError(code, details), { retriable: true });
}
