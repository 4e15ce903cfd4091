import { TokenRefusedError } from '../../token-refused.error.js';
import type { ConnectionRefusal } from '../protocol/backend-message.factory.js';
import type { StartupMessage } from '../protocol/startup-packet.parser.js';
import type { EntraRoles, RoleEntry } from './entra-roles.js';
import { type LoginEvent, LoginTally } from './login-tally.js';
import { LoginFaults } from './login-fault.js';
import { loginRefusal, type LoginRefusalReason, type RefusalTexts } from './login-refusal.factory.js';
import { RevokedTokens } from './revoked-tokens.js';
import type { VerifiedClaims } from '../../tokens/verified-token.js';

/** What the server reads of a verified token; times in seconds since 1970. */
export type VerifiedToken = Pick<VerifiedClaims, 'oid' | 'iat' | 'exp'> & { idtyp?: unknown; scp?: unknown };

/**
 * Checks signature, lifetime, audience and tenant at this moment.
 *
 * @throws TokenRefusedError
 */
export type TokenVerifier = (token: string) => VerifiedToken;

/** What logins are decided by. */
export interface LoginSettings {
  roles: EntraRoles;
  verifyToken: TokenVerifier;
  /** Whether a principal is in a group of the tenant; both by object ID. */
  isMember: (group: string, objectId: string) => boolean;
  refusalTexts: RefusalTexts;
  /** Milliseconds since 1970. */
  now: () => number;
  /** By how much `iat` of a token lies before the moment of its issue. */
  backdatedBySeconds: number;
  onLogin: (event: LoginEvent) => void;
}

/** Decides logins, and keeps the books about them. */
export class LoginService {
  readonly faults = new LoginFaults();
  readonly tally = new LoginTally();
  readonly roles: EntraRoles;
  readonly revoked = new RevokedTokens();

  constructor(private readonly settings: LoginSettings) {
    this.roles = settings.roles;
  }

  /** Revokes what has logged in so far or was issued before this second. */
  revokeAll(): void {
    const { now, backdatedBySeconds } = this.settings;
    this.revoked.revokeAll(Math.floor(now() / 1000) - backdatedBySeconds);
  }

  /** @throws ConnectionRefusal */
  checkToken(
    startup: StartupMessage,
    clientAddress: string,
    token: string,
    role: RoleEntry | undefined,
  ): void {
    const refuse = (reason: LoginRefusalReason, claims?: VerifiedToken): ConnectionRefusal =>
      this.refuse(reason, startup, clientAddress, claims);
    let claims: VerifiedToken;
    try {
      claims = this.settings.verifyToken(token);
    } catch (error) {
      throw error instanceof TokenRefusedError ? refuse(error.reason) : error;
    }
    if (this.revoked.includes(token, claims.iat)) throw refuse('revoked', claims);
    const mismatch = this.mismatch(role, claims);
    if (mismatch !== undefined) throw refuse(mismatch, claims);
    this.revoked.remember(token);
    this.tally.accept(claims.exp - this.settings.now() / 1000);
    this.settings.onLogin({ role: startup.user, outcome: 'accepted', tokenExpiresAt: expiryOf(claims) });
  }

  /** Why a good token does not open the role. The kind of principal comes first, as in Azure. */
  private mismatch(role: RoleEntry | undefined, claims: VerifiedToken): LoginRefusalReason | undefined {
    if (role === undefined) return 'unknown-role';
    const { type, objectId } = role;
    const ofUser = isOfUser(claims);
    if (type === 'user' && !ofUser) return 'token-of-application';
    if (type === 'service' && ofUser) return 'token-of-user';
    const fits =
      type === 'group'
        ? this.settings.isMember(objectId, claims.oid)
        : objectId.toLowerCase() === claims.oid.toLowerCase();
    return fits ? undefined : 'wrong-principal';
  }

  /** Books a refused login, and gives what to tell the client. */
  refuse(
    reason: LoginRefusalReason,
    startup: StartupMessage,
    clientAddress: string,
    claims?: VerifiedToken,
  ): ConnectionRefusal {
    this.tally.refuse(reason);
    this.settings.onLogin({
      role: startup.user,
      outcome: 'refused',
      reason,
      ...(claims && { tokenExpiresAt: expiryOf(claims) }),
    });
    return loginRefusal(reason, startup, clientAddress, this.settings.refusalTexts);
  }
}

function isOfUser({ idtyp, scp }: VerifiedToken): boolean {
  return idtyp === 'user' || (idtyp !== 'app' && typeof scp === 'string');
}

function expiryOf({ exp }: VerifiedToken): Date {
  return new Date(exp * 1000);
}
