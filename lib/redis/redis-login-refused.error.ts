import { EntraAuthError } from '../common/entra-auth.error.js';

/** Redis refused a login with an access token. */
export class RedisLoginRefusedError extends EntraAuthError {
  override readonly name = 'RedisLoginRefusedError';

  /**
   * @param server host and port
   * @param username as whom
   * @param reply the error reply of the server, which repeats nothing of the login
   */
  constructor(
    readonly server: string,
    readonly username: string,
    reply: string,
  ) {
    super('ENTRA_LOGIN_REFUSED', {
      problem: `Redis on ${server} refused the login of the user "${username}" with an access token (${reply}).`,
      fix:
        'Give the identity access to this Redis (data access configuration), and leave "username" out: ' +
        'it is the object id in the token.',
      retryable: true,
    });
  }
}
