import { EntraAuthError } from '../common/entra-auth.error.js';
import { redact } from '../common/redaction.js';
import { shortened } from '../common/thrown.js';

const longestReply = 200;

/** Redis refused a login with an access token. */
export class RedisLoginRefusedError extends EntraAuthError {
  override readonly name = 'RedisLoginRefusedError';
  /** Whether it is the token or the user that was refused, and not a login at this moment. */
  readonly isTokenRefused: boolean;

  /**
   * @param server host and port
   * @param username as whom
   * @param reply the error reply of the server
   */
  constructor(
    readonly server: string,
    readonly username: string,
    reply: string,
  ) {
    const isTokenRefused = /^(WRONGPASS|NOAUTH|NOPERM)\b/.test(reply);
    super('ENTRA_LOGIN_REFUSED', {
      problem: `Redis on ${server} refused the login of the user "${username}" with an access token (${shortened(redact(reply), longestReply)}).`,
      fix: isTokenRefused
        ? 'Give the identity access to this Redis (data access configuration), and leave "username" out: ' +
          'it is the object id in the token.'
        : 'Look at the state of the server. The login is tried again.',
      retryable: true,
    });
    this.isTokenRefused = isTokenRefused;
  }
}
