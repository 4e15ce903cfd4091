import { createSecureContext } from 'node:tls';

import type pg from 'pg';

import { unnamedAddress, unnamedHost, type GuardSetup, type ServerName } from './guard.setup.js';

type Options = Record<string, unknown>;

/** What must become of a row. */
export type Expectation =
  | { refusedAtStart: string }
  | { refusedAtLogin: 'ENTRA_INSECURE_CONNECTION' | 'ENTRA_DATABASE_UNREACHABLE' }
  | { sent: 'verified TLS' | 'TLS, certificate verified, host name not' | 'unverified TLS' | 'no TLS' };

export type Tamper =
  { pool: (pool: pg.Pool) => void } | { client: (client: pg.Client, setup: GuardSetup) => void };

export interface GuardRow {
  group: string;
  /** What was given, as Markdown. */
  given: string;
  server: ServerName;
  options: (setup: GuardSetup, port: number) => Options;
  expected: Expectation;
  environment?: Readonly<Record<string, string>>;
  /** Changes the driver's things after they were made. */
  tamper?: Tamper;
}

const set = (holder: unknown, key: string, value: unknown): void => {
  Reflect.set(holder as object, key, value);
};
const connectionOf = (client: pg.Client): unknown => Reflect.get(client, 'connection');

const opened = { dangerouslySendTokenWithoutVerifiedTls: true };
const identity = { type: 'postgres', username: 'app', database: 'notes', connectTimeoutMS: 5_000 };
const insecure = { refusedAtLogin: 'ENTRA_INSECURE_CONNECTION' } as const;
const verified = { sent: 'verified TLS' } as const;
const anyName = { sent: 'TLS, certificate verified, host name not' } as const;

const at = (port: number, more: Options = {}): Options => ({ ...identity, host: 'localhost', port, ...more });
const url = (port: number, query: string, host = 'localhost'): string =>
  `postgres://app@${host}:${port}/notes${query}`;

/** One row for options and a server. */
function option(
  given: string,
  expected: Expectation,
  more: (setup: GuardSetup) => Options,
  server: ServerName = 'right',
): GuardRow {
  return { group: 'Options', given, server, expected, options: (setup, port) => at(port, more(setup)) };
}

/** One row for a URL, whose `CA` stands for the file of the right certificate authority. */
function byUrl(
  query: string,
  expected: Expectation,
  {
    server = 'right',
    host = 'localhost',
    more = {},
  }: { server?: ServerName; host?: string; more?: Options } = {},
): GuardRow {
  const extras = Object.keys(more).map((key) => (key === 'ssl' ? JSON.stringify(more) : key));
  return {
    group: '`sslmode` and the rest of the URL',
    given: [
      query === '' ? 'nothing' : `\`${query}\``,
      ...extras.map((key) => `\`${key}\``),
      ...(host === 'localhost' ? [] : ['host not in the certificate']),
    ].join(', '),
    server,
    expected,
    options: ({ caFile }, port) => ({
      type: 'postgres',
      url: url(port, query.replace('CA', encodeURIComponent(caFile)), host),
      ...more,
    }),
  };
}

const inUrl = { refusedAtStart: 'dataSource.url' } as const;
const danger = (query: string, expected: Expectation, server: ServerName): GuardRow =>
  byUrl(query, expected, { server, more: opened });

const optionRows: GuardRow[] = [
  option('nothing, and the server is right', verified, ({ ca }) => ({ ssl: { ca } })),
  option(
    'nothing, and the server has a foreign certificate',
    insecure,
    ({ ca }) => ({ ssl: { ca } }),
    'foreign',
  ),
  option('nothing, and the server has no TLS', insecure, ({ ca }) => ({ ssl: { ca } }), 'no TLS'),
  option(
    'nothing, and the server asks for the password at once',
    { refusedAtLogin: 'ENTRA_DATABASE_UNREACHABLE' },
    ({ ca }) => ({ ssl: { ca } }),
    'asks at once',
  ),
  option('nothing, and the certificate has another name', insecure, ({ ca }) => ({
    host: unnamedHost,
    ssl: { ca },
  })),
  option('`host` is an IP address that the certificate names', verified, ({ ca }) => ({
    host: '127.0.0.1',
    ssl: { ca },
  })),
  option('`host` is an IP address that the certificate does not name', insecure, ({ ca }) => ({
    host: unnamedAddress,
    ssl: { ca },
  })),
  option('`ssl: true`, and the authority is not a public one', insecure, () => ({ ssl: true })),
  option('`ssl: false`', { refusedAtStart: 'dataSource.ssl' }, () => ({ ssl: false }), 'no TLS'),
  option('`ssl: "no-verify"`', { refusedAtStart: 'dataSource.ssl' }, () => ({ ssl: 'no-verify' }), 'foreign'),
  option(
    '`ssl: { rejectUnauthorized: false }`',
    { refusedAtStart: 'dataSource.ssl.rejectUnauthorized' },
    () => ({ ssl: { rejectUnauthorized: false } }),
    'foreign',
  ),
  option(
    '`ssl: { checkServerIdentity }`',
    { refusedAtStart: 'dataSource.ssl.checkServerIdentity' },
    ({ ca }) => ({ ssl: { ca, checkServerIdentity: () => undefined } }),
  ),
  option(
    '`ssl: { servername }`, another than `host`',
    { refusedAtStart: 'dataSource.ssl.servername' },
    ({ ca }) => ({ host: '127.0.0.1', ssl: { ca, servername: 'localhost' } }),
  ),
  option('`ssl: { host }`', { refusedAtStart: 'dataSource.ssl.host' }, ({ ca }) => ({
    ssl: { ca, host: 'localhost' },
  })),
  option('`ssl: { socket }`', { refusedAtStart: 'dataSource.ssl.socket' }, ({ ca }) => ({
    ssl: { ca, socket: {} },
  })),
  option('`ssl: { session }`', { refusedAtStart: 'dataSource.ssl.session' }, ({ ca }) => ({
    ssl: { ca, session: Buffer.from('session') },
  })),
  option('`ssl: { pskCallback }`', { refusedAtStart: 'dataSource.ssl.pskCallback' }, () => ({
    ssl: { pskCallback: () => null },
  })),
  option('`ssl: { secureContext }`', { refusedAtStart: 'dataSource.ssl.secureContext' }, ({ ca }) => ({
    ssl: { ca, secureContext: createSecureContext() },
  })),
  ...['', ' ', null, [], [''], 'PEM', Buffer.alloc(0)].map((ca) =>
    option(
      `\`ssl: { ca }\` without a certificate: ${Buffer.isBuffer(ca) ? 'an empty buffer' : `\`${JSON.stringify(ca)}\``}`,
      { refusedAtStart: 'dataSource.ssl.ca' },
      () => ({ ssl: { ca } }),
    ),
  ),
  option('`password`', { refusedAtStart: 'dataSource.password' }, () => ({ password: 'x' })),
  option(
    '`host: "/…"`',
    { refusedAtStart: 'dataSource.host' },
    ({ directory }) => ({ host: directory, port: 5432 }),
    'socket',
  ),
  option('`connectTimeoutMS: 0`', { refusedAtStart: 'dataSource.connectTimeoutMS' }, () => ({
    connectTimeoutMS: 0,
  })),
  option('`driver`', { refusedAtStart: 'dataSource.driver' }, () => ({ driver: {} })),
  option('`nativeDriver` (`pg-native`)', { refusedAtStart: 'dataSource.nativeDriver' }, () => ({
    nativeDriver: {},
  })),
  ...[
    'password',
    'ssl',
    'user',
    'host',
    'port',
    'database',
    'stream',
    'connection',
    'connectionTimeoutMillis',
    'Client',
  ].map((key) =>
    option(`\`extra.${key}\``, { refusedAtStart: `dataSource.extra.${key}` }, () => ({
      extra: { [key]: 0 },
    })),
  ),
  {
    group: 'Options',
    given: '`url` and another `host`',
    server: 'right',
    expected: { refusedAtStart: 'dataSource.host' },
    options: (_, port) => ({ type: 'postgres', url: url(port, ''), host: '127.0.0.1' }),
  },
  {
    group: 'Options',
    given: '`url` and another `port`',
    server: 'right',
    expected: { refusedAtStart: 'dataSource.port' },
    options: (_, port) => ({ type: 'postgres', url: url(port, ''), port: port - 1 }),
  },
];

const urlRows: GuardRow[] = [
  byUrl('?sslrootcert=CA', verified),
  byUrl('?sslmode=verify-full&sslrootcert=CA', verified),
  byUrl('?sslmode=verify-full&sslrootcert=CA', insecure, { server: 'foreign' }),
  byUrl('?sslmode=verify-full&sslrootcert=CA', insecure, { host: unnamedHost }),
  byUrl('?sslmode=verify-ca&sslrootcert=CA', anyName, { host: unnamedHost }),
  byUrl('?sslmode=verify-ca&sslrootcert=CA', insecure, { server: 'foreign', host: unnamedHost }),
  byUrl('?sslmode=verify-ca&sslrootcert=CA', insecure, { server: 'no TLS' }),
  byUrl('?sslmode=verify-ca', inUrl),
  byUrl('?sslmode=require&sslrootcert=CA', anyName, { host: unnamedHost }),
  byUrl('?sslmode=require&sslrootcert=CA', insecure, { server: 'foreign' }),
  byUrl('?sslmode=require', inUrl, { server: 'foreign' }),
  byUrl('?sslmode=prefer', inUrl, { server: 'no TLS' }),
  byUrl('?sslmode=allow', inUrl, { server: 'no TLS' }),
  byUrl('?sslmode=disable', inUrl, { server: 'no TLS' }),
  byUrl('?sslmode=no-verify', inUrl, { server: 'foreign' }),
  byUrl('?sslmode=verify-full&sslmode=disable', inUrl, { server: 'no TLS' }),
  byUrl('?sslrootcert=system', insecure),
  byUrl('?sslmode=verify-full&sslrootcert=system', insecure),
  byUrl('?sslmode=verify-ca&sslrootcert=system', inUrl),
  byUrl('?sslmode=require&sslrootcert=system', inUrl),
  byUrl('?sslmode=disable&sslrootcert=system', inUrl, { server: 'no TLS' }),
  byUrl('?sslrootcert=/nowhere/ca.pem', inUrl),
  // Node takes an empty text for every public authority; with these modes any public certificate would then do.
  byUrl('?sslrootcert=/dev/null', inUrl),
  byUrl('?sslmode=verify-ca&sslrootcert=/dev/null', inUrl),
  byUrl('?sslmode=require&sslrootcert=/dev/null', inUrl),
  byUrl('?sslmode=verify-ca', { refusedAtStart: 'dataSource.ssl.ca' }, { more: { ssl: { ca: '' } } }),
  byUrl('?sslmode=require', { refusedAtStart: 'dataSource.ssl.ca' }, { more: { ssl: { ca: '' } } }),
  byUrl('?sslmode=require', { refusedAtStart: 'dataSource.ssl.ca' }, { more: { ssl: { ca: null } } }),
  byUrl('?sslmode=require', { refusedAtStart: 'dataSource.ssl' }, { more: { ssl: true } }),
  byUrl('?sslmode=disable', { refusedAtStart: 'dataSource.ssl' }, { server: 'no TLS', more: { ssl: true } }),
  byUrl(
    '?sslmode=verify-full',
    { refusedAtStart: 'dataSource.ssl' },
    { server: 'no TLS', more: { ssl: false } },
  ),
  byUrl('?sslrootcert=CA', { refusedAtStart: 'dataSource.ssl.ca' }, { more: { ssl: { ca: 'PEM' } } }),
  byUrl('?sslnegotiation=direct&sslrootcert=CA', verified),
  byUrl('?sslnegotiation=direct&sslrootcert=CA', insecure, { server: 'foreign' }),
  byUrl('?sslcert=/nowhere/cert.pem', inUrl),
  byUrl('?sslkey=/nowhere/key.pem', inUrl),
  byUrl('?sslpassword=x', inUrl),
  byUrl('?password=x', inUrl),
  byUrl('?hostaddr=127.0.0.1', inUrl),
  byUrl('?host=127.0.0.1', inUrl),
  byUrl('?service=x', inUrl),
  byUrl('?channel_binding=require', inUrl),
  byUrl('?channel_binding=prefer&sslrootcert=CA', verified),
  byUrl('?target_session_attrs=read-write', inUrl),
  byUrl('?target_session_attrs=any&sslrootcert=CA', verified),
  byUrl('?connect_timeout=0', inUrl),
  {
    ...byUrl('', inUrl),
    given: '`postgres://app@one:5432,two:5432/notes`',
    options: (_, port) => ({
      type: 'postgres',
      url: `postgres://app@localhost:${port},localhost:${port}/notes`,
    }),
  },
  {
    ...byUrl('', inUrl),
    given: '`postgres://app:secret@…`',
    options: (_, port) => ({ type: 'postgres', url: url(port, '').replace('app@', 'app:secret@') }),
  },
  ...(
    [
      ['?sslmode=verify-full&sslrootcert=CA', verified, 'right'],
      ['?sslmode=verify-full&sslrootcert=CA', insecure, 'foreign'],
      ['?sslmode=verify-ca&sslrootcert=CA', anyName, 'right'],
      ['?sslmode=require', { refusedAtStart: 'dataSource.extra.connectionString' }, 'foreign'],
      ['?sslmode=disable', { refusedAtStart: 'dataSource.extra.connectionString' }, 'no TLS'],
    ] as [string, Expectation, ServerName][]
  ).map(([query, expected, server]): GuardRow => ({
    group: '`sslmode` and the rest of the URL',
    given: `\`extra.connectionString\` with \`${query}\``,
    server,
    expected,
    options: ({ caFile }, port) => ({
      type: 'postgres',
      extra: { connectionString: url(port, query.replace('CA', encodeURIComponent(caFile))) },
    }),
  })),
  {
    group: '`sslmode` and the rest of the URL',
    given: '`extra.connectionString` and `url`',
    server: 'right',
    expected: { refusedAtStart: 'dataSource.extra.connectionString' },
    options: (_, port) => ({
      type: 'postgres',
      url: url(port, ''),
      extra: { connectionString: url(port, '') },
    }),
  },
];

const group = 'With `dangerouslySendTokenWithoutVerifiedTls: true`';
const openable: GuardRow[] = [
  danger('?sslmode=disable', { sent: 'no TLS' }, 'no TLS'),
  danger('?sslmode=require', { sent: 'unverified TLS' }, 'foreign'),
  danger('?sslmode=require', insecure, 'no TLS'),
  danger('?sslmode=require&sslrootcert=CA', insecure, 'foreign'),
  danger('?sslmode=verify-full&sslrootcert=CA', insecure, 'foreign'),
  danger('?sslmode=verify-ca&sslrootcert=CA', insecure, 'foreign'),
  danger('?sslmode=verify-ca', inUrl, 'right'),
  danger('?sslmode=verify-ca&sslrootcert=system', inUrl, 'right'),
  danger('?sslmode=prefer', inUrl, 'no TLS'),
  danger('?sslmode=allow', inUrl, 'no TLS'),
  danger('', insecure, 'foreign'),
  option('`ssl: false`', { sent: 'no TLS' }, () => ({ ...opened, ssl: false }), 'no TLS'),
  option(
    '`ssl: { rejectUnauthorized: false }`',
    { sent: 'unverified TLS' },
    () => ({ ...opened, ssl: { rejectUnauthorized: false } }),
    'foreign',
  ),
  option('`ssl: { checkServerIdentity }`', { sent: 'unverified TLS' }, ({ ca }) => ({
    ...opened,
    host: unnamedHost,
    ssl: { ca, checkServerIdentity: () => undefined },
  })),
  option(
    '`host: "/…"`',
    { sent: 'no TLS' },
    ({ directory }) => ({ ...opened, host: directory, port: 5432 }),
    'socket',
  ),
  option(
    '`host: "/…"`, `ssl: true`',
    { refusedAtStart: 'dataSource.ssl' },
    ({ directory }) => ({ ...opened, host: directory, port: 5432, ssl: true }),
    'socket',
  ),
  option(
    '`"yes"` as its value',
    { refusedAtStart: 'dataSource.dangerouslySendTokenWithoutVerifiedTls' },
    () => ({ dangerouslySendTokenWithoutVerifiedTls: 'yes', ssl: false }),
    'no TLS',
  ),
  {
    ...option(
      '`ssl: false`, and the pool is led to another port',
      insecure,
      () => ({ ...opened, ssl: false, port: 1 }),
      'no TLS',
    ),
    // The server is right there; only it is not the one that was configured.
    tamper: { client: (client, setup) => set(client, 'port', setup.port('no TLS')) },
    options: () => at(1, { ...opened, ssl: false }),
  },
];
const openedRows = openable.map((row) => ({
  ...row,
  group,
  given: row.given.replace(', `dangerouslySendTokenWithoutVerifiedTls`', ''),
}));

const environmentRows: GuardRow[] = (
  [
    [{ PGSSLMODE: 'disable' }, verified, 'right'],
    [{ PGSSLMODE: 'no-verify' }, insecure, 'foreign'],
    [
      { PGHOST: '127.0.0.1', PGPORT: '1', PGUSER: 'eve', PGPASSWORD: 'x', PGDATABASE: 'x' },
      verified,
      'right',
    ],
    [{ PGHOSTADDR: '127.0.0.9', PGTARGETSESSIONATTRS: 'read-write' }, verified, 'right'],
    [{ PGSSLNEGOTIATION: 'direct' }, verified, 'right'],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, insecure, 'foreign'],
  ] as [Record<string, string>, Expectation, ServerName][]
).map(([environment, expected, server]) => ({
  group: 'Environment variables',
  given: Object.entries(environment)
    .map(([name, value]) => `\`${name}=${value}\``)
    .join(' '),
  server,
  environment,
  expected,
  options: ({ ca }, port) => at(port, { ssl: { ca } }),
}));

const tampered = (given: string, tamper: Tamper, server: ServerName): GuardRow => ({
  group: 'Changed after start-up',
  given,
  server,
  expected: insecure,
  tamper,
  options: ({ ca }, port) => at(port, { ssl: { ca } }),
});

const tamperedRows: GuardRow[] = [
  tampered(
    'the host of the pool, to another that the certificate names',
    { pool: (pool) => set(pool.options, 'host', '127.0.0.1') },
    'right',
  ),
  tampered(
    'the host of the client, to another that the certificate names',
    { client: (client) => set(client, 'host', '127.0.0.1') },
    'right',
  ),
  tampered('`ssl` of the pool, to `false`', { pool: (pool) => set(pool.options, 'ssl', false) }, 'no TLS'),
  tampered(
    '`ssl.rejectUnauthorized` of the pool, to `false`',
    { pool: (pool) => set(pool.options.ssl, 'rejectUnauthorized', false) },
    'foreign',
  ),
  tampered(
    '`ssl.checkServerIdentity` of the pool',
    { pool: (pool) => set(pool.options.ssl, 'checkServerIdentity', () => undefined) },
    'right',
  ),
  tampered(
    '`ssl` of the client and its connection, to `false`',
    {
      client: (client) => {
        set(client, 'ssl', false);
        set(connectionOf(client), 'ssl', false);
      },
    },
    'no TLS',
  ),
  tampered(
    '`ssl` of the connection only, to unverified',
    { client: (client) => set(connectionOf(client), 'ssl', { rejectUnauthorized: false }) },
    'foreign',
  ),
  {
    ...tampered(
      '`ssl.host` of the pool, to one that the certificate names',
      { pool: (pool) => set(pool.options.ssl, 'host', 'localhost') },
      'right',
    ),
    options: ({ ca }, port) => at(port, { host: unnamedAddress, ssl: { ca } }),
  },
  {
    ...tampered(
      '`ssl.checkServerIdentity` of the connection only, and the certificate has another name',
      {
        client: (client, { ca }) =>
          set(connectionOf(client), 'ssl', { ca, checkServerIdentity: () => undefined }),
      },
      'right',
    ),
    options: ({ ca }, port) => at(port, { host: unnamedHost, ssl: { ca } }),
  },
];

const replicas = (
  given: string,
  expected: Expectation,
  server: ServerName,
  more: { slave?: (setup: GuardSetup) => Options; top?: Options } = {},
): GuardRow => ({
  group: 'Replication',
  given,
  server,
  expected,
  options: (setup, port) => {
    const endpoint = { username: 'app', database: 'notes', host: 'localhost', ssl: { ca: setup.ca } };
    return {
      type: 'postgres',
      ...more.top,
      replication: {
        master: { ...endpoint, port: setup.port('right') },
        slaves: [{ ...endpoint, port, ...more.slave?.(setup) }],
      },
    };
  },
});

const replicationRows: GuardRow[] = [
  replicas('a slave that is right', verified, 'right'),
  replicas('a slave with a foreign certificate', insecure, 'foreign'),
  replicas('a slave without TLS', insecure, 'no TLS'),
  replicas('`ssl: false` for a slave', { refusedAtStart: 'dataSource.replication.slaves[0].ssl' }, 'no TLS', {
    slave: () => ({ ssl: false }),
  }),
  replicas(
    '`password` for a slave',
    { refusedAtStart: 'dataSource.replication.slaves[0].password' },
    'right',
    {
      slave: () => ({ password: 'x' }),
    },
  ),
  replicas('`ssl` and `replication`', { refusedAtStart: 'dataSource.ssl' }, 'right', {
    top: { ssl: true },
  }),
  {
    ...replicas('the host of a slave, changed after start-up', insecure, 'right'),
    tamper: { client: (client) => set(client, 'host', '127.0.0.1') },
  },
];

export const guardRows: readonly GuardRow[] = [
  ...optionRows,
  ...urlRows,
  ...openedRows,
  ...environmentRows,
  ...tamperedRows,
  ...replicationRows,
];
