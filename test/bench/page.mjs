import { arch, cpus, platform } from 'node:os';

import { formatTable } from './report.mjs';

const pairs =
  'In pairs, each side first in turn: the median of the peer, and for ours that plus the median difference of the pairs.';

/** What the page says of each benchmark. */
export const prose = {
  'held-token':
    'A token that is held, asked for again. The wall clock must be read, since a token that expired while the machine ' +
    'slept is not to be handed out: that reading is most of what a call costs.',
  telemetry:
    'A call for a held token with an OpenTelemetry SDK for metrics and spans, the event log and a listener on, against a module with `telemetry: false`.',
  dashboard:
    'CPU time of an application that logs in a thousand times a minute, in rounds of ten seconds: what ten open pages of the ' +
    'dashboard add. ' +
    pairs,
  'cold-herd': 'Ten thousand callers at once, and no token yet: the requests that reach the token endpoint.',
  connect: 'Connect, `select 1`, end, over TLS to a real PostgreSQL. ' + pairs,
  login:
    'A new connection of the pool that TypeORM is given, up to where it can be queried, compared with a plain `pg.Pool` with the ' +
    'same token as a constant string and the same verified TLS. ' +
    pairs,
  redis:
    'Ten thousand `SET` by ioredis that is kept logged in, compared with a plain client with the same token as its password; and ' +
    'two hundred connections that log in anew at ten refreshes. ' +
    pairs +
    ' Then commands that fail while twenty callers use a client of node-redis through ten token lives of six seconds, with one ' +
    'token request that fails in each: with `entraNodeRedisOptions`, and with the provider of `@redis/entraid` and its defaults.',
  users:
    'Tokens of users by the on-behalf-of flow: of ten thousand that are held, by the token that the caller sent (2 kB, hashed at each ' +
    'call); two thousand that are fetched at once; and what a user costs on the heap beyond the access token, without the optimizing compiler, whose code would count as well, where a control takes ' +
    'the ID token and the refresh token of msal-node off, too. The peer is the better one of msal-node 5.6 and 7.2. A control tells what the hash alone takes of the assertions of a ' +
    'hundred thousand users, which come from memory here, and of ten thousand. Then the cache that replicas share, in Redis: a token that another replica stored, beside a plain `GET` ' +
    'of as many bytes by the same client; and a thousand users who are asked for at once in each of eight processes, where the peer ' +
    'sends a request for each.',
  memory: 'What a resource costs on the heap beyond its token, with its timer, at ten thousand resources.',
  'event-loop': 'Ten thousand tokens that fall due within one minute of real time.',
  'hostile-answers':
    'A token endpoint that answers with texts of a megabyte, tokens that long, nested JSON and a compressed body that grows to ' +
    '400 MiB, to three kinds of credential: the longest that the event loop was held up, and the memory held at most.',
  'on-demand':
    'Sixteen thousand scopes that no resource names, asked for at once of a credential that hangs, until each has its error.',
  start:
    'The local Entra of `nestjs-entra-auth/testing`: from the call until it answers, in a new process each time. With ' +
    'PostgreSQL from the second start on: the first one makes the cluster that the others copy.',
  import:
    'What importing the root adds to `@nestjs/common`, `@nestjs/core` and `@nestjs/schedule`, compared with a file that imports what the ' +
    'root imports and has no code: Node.js walks all modules of Nest once more for either. ' +
    pairs,
};

/** The page in the docs. */
export function benchmarkPage(results) {
  const sections = Object.entries(prose).map(([name, text]) => {
    const own = results.filter((result) => result.name.startsWith(`${name}/`));
    return own.length === 0 ? '' : `## ${name}\n\n${text}\n\n${formatTable(own)}\n`;
  });
  return `# Benchmarks

This module and its peers, in turn in one process for each benchmark. This page is the output of

\`\`\`sh
npm run bench -- --write-docs
\`\`\`

on Node.js ${process.version}, ${cpus().length} cores of a virtual machine (${cpus()[0]?.model.trim()}, ${platform()} ${arch()}).
Trust the ratios, not the figures. \`npm run --silent bench -- --json\` gives the same to machines, and a name, such as
\`npm run bench -- held-token\`, a part of it.

${sections.join('')}`
    .trimEnd()
    .concat('\n');
}
