import { EntraOptionsError } from '../common/entra-auth.error.js';
import { numberOption } from '../common/option-checks.js';
import { type OptionTable, readOptions } from '../common/option-table.js';
import { textOption } from '../common/text-checks.js';
import { namedServer } from '../database/named-server.js';
import { connectTimeoutRange, defaultConnectTimeoutInMs, ownOptionChecks } from '../database/own-options.js';
import { checkExtra, checkRefused, type RefusedOptions } from '../database/refused-options.js';
import type { DatabaseEndpoint, ResolvedDatabase } from '../database/resolved-database.js';
import type { OwnMySqlOptions } from './mysql-data-source.options.js';
import { type MySqlTls, resolveMySqlTls } from './mysql-tls.js';

/** The server of a data source of MySQL. Safe to connect to. */
export interface MySqlEndpoint extends DatabaseEndpoint {
  ssl: MySqlTls;
}

/** A data source of MySQL after defaults and checks. */
export interface ResolvedMySqlDataSource extends ResolvedDatabase {
  type: 'mysql';
  primary: MySqlEndpoint;
  endpoints: readonly [MySqlEndpoint];
}

const longestUserName = 32;

/** Whether MySQL takes a text as the name of a user. */
export function fitsUserName(name: string): boolean {
  return name !== '' && !name.includes('\0') && [...name].length <= longestUserName;
}

const ownTable = ownOptionChecks('mysql', fitsUserName) satisfies OptionTable<OwnMySqlOptions>;

const server = { example: 'example.mysql.database.azure.com', defaultPort: 3306 };
const separately = 'Give "host", "port", "username" and "database" instead.';
const bringsOwn = 'Leave it out: this module brings its own use of "mysql2".';

/** Options of TypeORM and the like that would go around the checks, with what to write instead. */
const refusedOptions: RefusedOptions = {
  password: 'Leave it out: the access token takes its place.',
  url: separately,
  socketPath: `A local socket has no TLS, and Azure has none. ${separately}`,
  replication: `${separately} A data source of MySQL has one server: configure a second one for a replica.`,
  driver: bringsOwn,
  insecureAuth: 'Leave it out: a token is a password of "mysql_clear_password" alone.',
  debug: 'Leave it out: mysql2 would print every packet, the one with the token too.',
  acquireTimeout: 'Leave it out: mysql2 does not know it. Give "connectTimeout".',
  connectTimeoutMS: 'Write "connectTimeout", as TypeORM does for MySQL.',
  maxConnectionLifetimeInMs: 'Leave it out: it is an option of PostgreSQL alone.',
  dangerouslySendTokenWithoutVerifiedTls: 'Leave it out: MySQL gets a token over verified TLS alone.',
};

// These reach mysql2 behind TypeORM's back and win over what was checked here.
const refusedExtras = [
  ...['authPlugins', 'authSwitchHandler', 'connectTimeout', 'database', 'debug', 'enableCleartextPlugin'],
  ...['host', 'insecureAuth', 'isServer', 'password', 'password1', 'password2', 'password3', 'passwordSha1'],
  ...['pool', 'port', 'socketPath', 'ssl', 'stream', 'uri', 'user'],
];

/** @throws {EntraOptionsError} for the first option of a data source that is wrong or missing */
export function resolveMySqlDataSource(name: string, path: string, given: object): ResolvedMySqlDataSource {
  const options = given as Record<string, unknown>;
  checkOptions(path, options);
  const own = readOptions(path, options, ownTable);
  const primary = endpointOf(path, options);
  const connectTimeoutInMs = numberOption(
    `${path}.connectTimeout`,
    options['connectTimeout'],
    defaultConnectTimeoutInMs,
    connectTimeoutRange,
  );
  const kept = Object.entries(options).filter(([key]) => !Object.hasOwn(ownTable, key));
  return {
    type: 'mysql',
    name,
    ...own,
    connectTimeoutInMs,
    primary,
    endpoints: [primary],
    typeOrmOptions: { ...Object.fromEntries(kept), ...primary, connectTimeout: connectTimeoutInMs },
  };
}

function checkOptions(path: string, options: Record<string, unknown>): void {
  checkRefused(path, options, refusedOptions);
  const { connectorPackage, extra } = options;
  if (connectorPackage !== undefined && connectorPackage !== 'mysql2')
    throw new EntraOptionsError(`${path}.connectorPackage`, 'not "mysql2"', bringsOwn);
  checkExtra(`${path}.extra`, extra, refusedExtras);
}

function endpointOf(path: string, options: Record<string, unknown>): MySqlEndpoint {
  const { username, ssl } = options;
  return {
    ...namedServer(path, options, server),
    ...(username === undefined ? {} : { username: userOption(`${path}.username`, username) }),
    ssl: resolveMySqlTls(`${path}.ssl`, ssl),
  };
}

function userOption(path: string, value: unknown): string {
  const name = textOption(path, value, 'Give the name of the user that stands for the Entra principal.');
  if (fitsUserName(name)) return name;
  const fix = `Give the alias of the user: CREATE AADUSER '<name>' AS '<alias>' makes one.`;
  throw new EntraOptionsError(path, `longer than ${longestUserName} characters`, fix);
}
