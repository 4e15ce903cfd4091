/** Why Azure SQL refuses a login, as it reports that. */
export class SqlRefusal extends Error {
  constructor(readonly errors: readonly { number: number; message: string; state?: number }[]) {
    super(errors.at(-1)?.message);
  }

  static of(number: number, message: string, state = 1): SqlRefusal {
    return new SqlRefusal([{ number, message, state }]);
  }
}

export const loginFailed = "Login failed for user '<token-identified principal>'.";

/** The texts that were reported from Azure SQL. */
export const refusals = {
  principal: () => SqlRefusal.of(18456, loginFailed),
  expired: () => SqlRefusal.of(18456, `${loginFailed} Token is expired.`),
  token: () =>
    SqlRefusal.of(18456, `${loginFailed} The server is not currently configured to accept this token.`),
  firewall: (server: string) =>
    SqlRefusal.of(
      40615,
      `Cannot open server '${server}' requested by the login. Client with IP address '203.0.113.7' is not allowed to ` +
        'access the server. To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the master ' +
        'database to create a firewall rule for this IP address or address range. It may take up to five minutes for ' +
        'this change to take effect.',
    ),
  server: (server: string) =>
    SqlRefusal.of(40532, `Cannot open server "${server}" requested by the login. The login failed.`),
  // The reason first, then that the login failed.
  database: (database: string) =>
    new SqlRefusal([
      {
        number: 4060,
        message: `Cannot open database "${database}" requested by the login. The login failed.`,
      },
      { number: 18456, message: loginFailed },
    ]),
  paused: (database: string) =>
    SqlRefusal.of(
      40613,
      `Database '${database}' on server 'local' is not currently available. Please retry the connection later.`,
    ),
} as const;
