import type { LoginRefusalReason } from './login-refusal-reason.js';

/** One decided login. It never holds the token. */
export interface LoginEvent {
  /** The user name that the client gave. */
  role: string;
  outcome: 'accepted' | 'refused';
  /** Only for a refused login. */
  reason?: LoginRefusalReason;
  /** The token's `exp`; absent when there was no token or it could not be trusted. */
  tokenExpiresAt?: Date;
}
