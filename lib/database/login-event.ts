/** A physical login to a database, successful or not. Free of secrets. */
export interface LoginEvent {
  /** Name of the data source. */
  dataSource: string;
  /** Name of the resource whose token was the password. */
  resource: string;
  /** The database role that logged in. Absent for Azure SQL, which finds the user by the token alone. */
  role?: string;
  /** The server's host name, as it was configured. */
  host: string;
  /** When the login began. */
  at: Date;
  /** How long it took in milliseconds, connecting and the wait for a token included. A second try is an event of its own. */
  durationInMs: number;
  /** `refused`: the server or its pooler refused the token, the role or the client; `failed`: whatever else went wrong. */
  outcome: 'accepted' | 'refused' | 'failed';
  /** When the token that was presented expires; absent when the login did not get that far. */
  tokenExpiresAt?: Date;
  /** Why it did not succeed. */
  error?: Error;
}
