/** What people get wrong, with the line that tells them, for `docs/errors.md`. A test makes each mistake. */
export const everydayMistakes = [
  {
    mistake: 'the call of forRoot() is missing',
    wrote: '`imports: [EntraAuthModule]`',
    message:
      'Invalid option "options": missing. Import EntraAuthModule.forRoot({ … }) or forRootAsync({ … }), once: what it provides can be injected everywhere.',
  },
  {
    mistake: 'an option is misspelt',
    wrote: '`resource: { graph: {} }`',
    message:
      'Invalid option "resource": no such option. Did you mean "resources"? Known here: cloud, clock, credential, refresh, dataSource, resources, onDemand, users, telemetry, startup, startupTimeoutInMs.',
  },
  {
    mistake: 'a resource of your own has no scopes',
    wrote: '`resources: { orders: {} }`',
    message:
      'Invalid option "resources.orders.scopes": missing. Give scopes such as "https://graph.microsoft.com/.default", or use a name that is known: postgres, mysql, graph, sql, keyvault, management, redis, storage.',
  },
  {
    mistake: 'the name of a resource is misspelt',
    wrote: "`tokens.getToken('grahp')`",
    message:
      'Unknown resource "grahp" (configured: "graph"). Add it to the module\'s "resources", or pass scopes such as "https://graph.microsoft.com/.default".',
  },
  {
    mistake: 'the password is still there',
    wrote: '`dataSource: { …, password: process.env.DB_PASSWORD }`',
    message: 'Invalid option "dataSource.password": given. Leave it out: the access token takes its place.',
  },
  {
    mistake: 'TLS is not verified',
    wrote: '`dataSource: { …, ssl: { rejectUnauthorized: false } }`',
    message:
      'Invalid option "dataSource.ssl.rejectUnauthorized": false. The token is sent as a clear password, so the server must be verified: leave it out, or give { ca }. Only where no other server can answer, set "dangerouslySendTokenWithoutVerifiedTls" to true.',
  },
  {
    mistake: 'the id of the secret is used in place of its value',
    wrote: '`AZURE_CLIENT_SECRET` with the column “Secret ID” of the portal',
    message:
      'No access token could be obtained for the resource "graph": AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app \'<id>\'. Trace ID: <id> Correlation ID: <id> Timestamp: <time> (HTTP status 401). Check the client secret: use its value, not its id.',
  },
  {
    mistake: 'the application is registered in another tenant',
    wrote: '`AZURE_TENANT_ID` of another tenant, or a client id with a mistake',
    message:
      "No access token could be obtained for the resource \"graph\": AADSTS700016: Application with identifier '<id>' was not found in the directory '<tenant>'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant. Trace ID: <id> Correlation ID: <id> Timestamp: <time> (HTTP status 400). Check the client id and the tenant: the application is not registered there.",
  },
  {
    mistake: 'the role is written in another case',
    wrote: "`username: 'Notes-App'`, where the role is `notes-app`",
    message:
      'PostgreSQL refused the login of the role "Notes-App" to "app" on localhost:<port> with the access token of the resource "postgres" (SQLSTATE 28P01: password authentication failed for user "Notes-App"). The token was obtained <n> s ago and by this machine\'s clock is valid for another <n> s. It belongs to the application "<id>" (object id "<id>"). Check that the name matches the Entra principal, upper and lower case included, and that the role exists. Likely causes: the role does not exist; it belongs to another principal than the token with the object id "<id>"; the token was revoked, or is for another tenant or another cloud. An Entra administrator of the server creates the role with: select * from pgaadauth_create_principal_with_oid(\'Notes-App\', \'<id>\', \'service\', false, false);',
  },
  {
    mistake: 'a second data source has a name that is not configured',
    wrote: "`TypeOrmModule.forRootAsync({ name: 'reports', … })` without `dataSource: { reports: { … } }`",
    message:
      'Invalid option "dataSource": the data source "reports" is not configured (configured: "default"). Add it to the module\'s "dataSource", or use a name that is configured.',
  },
  {
    mistake: 'TypeOrmModule is missing',
    wrote: '`dataSource: { … }` alone',
    message:
      'The data source "default" is configured, but TypeORM has not asked for it. Pass it on with `TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory })`, or remove the option "dataSource".',
  },
  {
    mistake: 'the module is registered twice',
    wrote: '`EntraAuthModule.forRoot({ … })` in two modules',
    message:
      'EntraAuthModule is registered 2 times: each registration asks for tokens of its own. Register it once, globally, and inject its providers elsewhere.',
  },
];
