import type { Client } from 'pg';

import type { AccessToken } from '../entra/token-credential.js';

/** One physical login, from the first byte to the server's answer. */
export interface LoginAttempt {
  readonly client: Client;
  /** In milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** What was presented to the server. */
  token?: AccessToken;
  ended?: true;
}
