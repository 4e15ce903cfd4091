/** A physical login to a database, successful or not. Free of secrets. */
export interface LoginEvent {
  /** Name of the data source. */
  dataSource: string;
  /** Name of the resource whose token was the password. */
  resource: string;
  role: string;
  host: string;
  at: Date;
  durationInMs: number;
  outcome: 'accepted' | 'refused' | 'failed';
  /** When the token that was presented expires; absent when the login did not get that far. */
  tokenExpiresAt?: Date;
  /** Why it did not succeed. */
  error?: Error;
}
