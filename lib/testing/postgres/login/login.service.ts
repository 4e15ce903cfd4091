import { TokenRefusedError } from '../../token-refused.error.js';
import type { ConnectionRefusal } from '../protocol/backend-message.factory.js';
import type { StartupMessage } from '../protocol/startup-packet.parser.js';
import { EntraRoles } from './entra-roles.js';
import { type LoginEvent, LoginTally } from './login-tally.js';
import { LoginFaults } from './login-fault.js';
import { loginRefusal, type LoginRefusalReason } from './login-refusal.factory.js';
import { RevokedTokens } from './revoked-tokens.js';
import type { VerifiedClaims } from '../../tokens/token.verifier.js';

/** What the server reads of a verified token; times in seconds since 1970. */
export type VerifiedToken = Pick<VerifiedClaims, 'oid' | 'iat' | 'exp'>;

/**
 * Checks signature, lifetime, audience and tenant at this moment.
 *
 * @throws TokenRefusedError
 */
export type TokenVerifier = (token: string) => VerifiedToken;

/** Decides logins, and keeps the books about them. */
export class LoginService {
  readonly faults = new LoginFaults();
  readonly tally = new LoginTally();
  readonly roles = new EntraRoles();
  readonly revoked = new RevokedTokens();

  constructor(
    private readonly verifyToken: TokenVerifier,
    private readonly now: () => number,
    private readonly backdatedBySeconds: number,
    private readonly onLogin: (event: LoginEvent) => void,
  ) {}

  /** Revokes what has logged in so far or was issued before this second. */
  revokeAll(): void {
    this.revoked.revokeAll(Math.floor(this.now() / 1000) - this.backdatedBySeconds);
  }

  /** @throws ConnectionRefusal */
  checkToken(startup: StartupMessage, clientAddress: string, token: string): void {
    const refuse = (reason: LoginRefusalReason, claims?: VerifiedToken): ConnectionRefusal =>
      this.refuse(reason, startup, clientAddress, claims);
    let claims: VerifiedToken;
    try {
      claims = this.verifyToken(token);
    } catch (error) {
      throw error instanceof TokenRefusedError ? refuse(error.reason) : error;
    }
    if (this.revoked.includes(token, claims.iat)) throw refuse('revoked', claims);
    if (!this.roles.has(startup.user)) throw refuse('unknown-role', claims);
    if (!this.roles.belongsTo(startup.user, claims.oid)) throw refuse('wrong-principal', claims);
    this.revoked.remember(token);
    this.tally.accept(claims.exp - this.now() / 1000);
    this.onLogin({ role: startup.user, outcome: 'accepted', tokenExpiresAt: expiryOf(claims) });
  }

  /** Books a refused login, and gives what to tell the client. */
  refuse(
    reason: LoginRefusalReason,
    startup: StartupMessage,
    clientAddress: string,
    claims?: VerifiedToken,
  ): ConnectionRefusal {
    this.tally.refuse(reason);
    this.onLogin({
      role: startup.user,
      outcome: 'refused',
      reason,
      ...(claims && { tokenExpiresAt: expiryOf(claims) }),
    });
    return loginRefusal(reason, startup, clientAddress);
  }
}

function expiryOf({ exp }: VerifiedToken): Date {
  return new Date(exp * 1000);
}
