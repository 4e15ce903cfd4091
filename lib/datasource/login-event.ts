/** A physical login to a database, successful or not. Free of secrets. */
export interface LoginEvent {
  /** Name of the data source. */
  dataSource: string;
  /** Name of the resource whose token was the password. */
  resource: string;
  /** The database role that logged in. */
  role: string;
  /** The server's host name, as it was configured. */
  host: string;
  /** When the login began. */
  at: Date;
  /** How long it took, connecting and the wait for a token included, in milliseconds. */
  durationInMs: number;
  /** `refused`: the server did not let the role in (SQLSTATE class 28); `failed`: something else went wrong. */
  outcome: 'accepted' | 'refused' | 'failed';
  /** When the token that was presented expires; absent when the login did not get that far. */
  tokenExpiresAt?: Date;
  /** Why it did not succeed. */
  error?: Error;
}
