import { readdirSync } from 'node:fs';

const everyRoom = [
  'common',
  'entra',
  'store',
  'refresh-token',
  'credential',
  'engine',
  'database',
  'postgres',
  'mysql',
  'mssql',
  'redis',
  'kafka',
  'graph',
  'telemetry',
  'users',
  'reference',
  'options',
  'nest',
  'dashboard',
  'standalone',
  'cli',
];

const belowOptions = everyRoom.slice(0, everyRoom.indexOf('options'));

/** What each room of `lib` may import: every arrow points down. A room that is missing here may import nothing. */
export const rooms = {
  common: [],
  entra: ['common'],
  store: ['common'],
  'refresh-token': ['store', 'entra', 'common'],
  credential: ['entra', 'common'],
  engine: ['credential', 'entra', 'common'],
  database: ['engine', 'credential', 'entra', 'common'],
  postgres: ['database', 'engine', 'credential', 'entra', 'common'],
  mysql: ['database', 'engine', 'entra', 'common'],
  mssql: ['database', 'engine', 'entra', 'common'],
  redis: ['engine', 'entra', 'common'],
  kafka: ['engine', 'entra', 'common'],
  graph: ['engine', 'entra', 'common'],
  telemetry: ['engine', 'entra', 'common'],
  users: ['engine', 'refresh-token', 'store', 'entra', 'common'],
  reference: ['postgres', 'entra', 'common'],
  options: belowOptions.filter((room) => room !== 'refresh-token' && room !== 'store'),
  nest: [...belowOptions, 'options'],
  dashboard: [...belowOptions, 'options', 'nest'],
  standalone: [...belowOptions, 'options'],
  cli: [...belowOptions, 'options'],
  testing: [],
};

const nestValues = {
  group: ['@nestjs/*'],
  message: 'Only lib/nest and lib/dashboard import values of Nest.',
  allowTypeImports: true,
};

const foldersOf = (room) =>
  readdirSync(new URL(`lib/${room}`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** The rooms that a room may not import from, but for names that are also folders of its own. */
const forbidden = (room, below) =>
  [...everyRoom, 'testing'].filter(
    (other) => other !== room && !below.includes(other) && !foldersOf(room).includes(other),
  );

/** One block for each room. A pattern sees only the text of an import; `test/package/rooms.test.ts` resolves it. */
export const roomRules = Object.entries(rooms).map(([room, below]) => ({
  files: [`lib/${room}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(index\\.js|(${forbidden(room, below).join('|')})/)`,
            message: `lib/${room} may import from ${below.length === 0 ? 'no other room' : below.join(', ')}.`,
          },
          ...(room === 'nest' || room === 'dashboard' ? [] : [nestValues]),
        ],
      },
    ],
  },
}));
