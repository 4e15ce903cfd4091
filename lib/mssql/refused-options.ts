import type { RefusedOptions } from '../database/refused-options.js';

const byToken = 'Leave it out: the access token takes its place.';
const noRole = 'Leave it out: Azure SQL finds the user by the token.';
const separately = 'Give "host", "port" and "database" instead.';
const asOption = 'Give it as an option of the data source.';

/** Options of TypeORM and the like that would go around the checks, with what to write instead. */
export const refusedOptions: RefusedOptions = {
  username: noRole,
  roleNameFromToken: noRole,
  fallbackUsername: noRole,
  password: byToken,
  authentication: byToken,
  domain: byToken,
  url: separately,
  replication: `${separately} A data source of Azure SQL has one server: configure a second one for a replica.`,
  driver: 'Leave it out: this module brings its own use of "mssql".',
  ssl: 'Write it as "options": { cryptoCredentialsDetails }, as TypeORM does for SQL Server.',
  connectTimeout: 'Write "connectionTimeout", as TypeORM does for SQL Server.',
  connectTimeoutMS: 'Write "connectionTimeout", as TypeORM does for SQL Server.',
  poolSize: 'Write "pool": { max }, as TypeORM does for SQL Server.',
  maxConnectionLifetimeInMs: 'Leave it out: it is an option of PostgreSQL alone.',
  dangerouslySendTokenWithoutVerifiedTls: 'Leave it out: Azure SQL gets a token over verified TLS alone.',
};

/** Options of `tedious` that do so. */
export const refusedDriverOptions: RefusedOptions = {
  instanceName: `Leave it out: Azure SQL has no named instances. ${separately}`,
  serverName: 'Leave it out: the certificate is checked against "host".',
  connector: 'Leave it out: this module opens the sockets.',
  debug: 'Leave it out: tedious would show every packet, the one with the token too.',
  tdsVersion: 'Leave it out: TDS takes tokens since 7.4, which is the default.',
  multiSubnetFailover: 'Leave it out: Node.js tries every address of a name.',
  connectTimeout: 'Write "connectionTimeout" next to "host".',
  port: asOption,
  database: asOption,
  server: 'Give it as "host", an option of the data source.',
};

/** They reach `mssql` behind TypeORM's back and win over what was checked. */
export const refusedExtras: readonly string[] = [
  ...[
    'authentication',
    'authentication_type',
    'beforeConnect',
    'clientId',
    'clientSecret',
    'connectionTimeout',
  ],
  ...[
    'database',
    'debug',
    'domain',
    'encrypt',
    'msiEndpoint',
    'msiSecret',
    'options',
    'password',
    'port',
    'server',
  ],
  ...['tenantId', 'timeout', 'token', 'trustServerCertificate', 'user'],
];
