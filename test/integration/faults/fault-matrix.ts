import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';
import { credentialKinds } from './credential-kinds.js';
import { faultRows } from './faults.js';

const file = join(repositoryRoot, 'docs/fault-matrix.md');
const updates = process.env['UPDATE_DOCS'] === '1';

const introduction = `# Fault matrix

What happens to the callers of \`getToken\`, and to the token, while the source of tokens fails. Every cell was run, over real
sockets and against the endpoints of \`nestjs-entra-auth/testing\`, on a controlled clock. The credentials are those of
\`@azure/identity\`, with 4.13.1 and with 4.14.1 alike, the module's own for managed identity, and a \`TokenCredential\` of an
application. Tokens live an hour; those of managed identity a day, and their platform returns the same one until half of it has passed.

"Whole authority" means that the endpoints of discovery fail, too. "Own credential first" is an application that has asked for a
token with a \`ManagedIdentityCredential\` of its own before.

A fault begins just before the refresh falls due, at half of the token's life, and lasts until two minutes before the token
expires: the cells show that run. In a second run it lasts three minutes. In **both**, and in **every** cell, while a valid
token was held:

- no call failed, and none waited for the network: each was settled before any input or output could take place;
- each token that was handed out was valid at that moment by Entra's clock;
- there were no more attempts and requests than the backoff allows, and no unhandled rejection.

"Fresh after 1 step" means that the first attempt after the end of the fault brought a new token, and that this attempt
came within one delay of the backoff: at most 30 s after the long fault, and what \`Retry-After\` asked for on top. After
the brief one, with half an hour or more of the old token left, that delay is 60 to 100 % of what is left until the
token's last three minutes, and 37.5 minutes at most. Until then the old token serves, and the state is \`degraded\`.

A test compares this table with the results of each run. \`UPDATE_DOCS=1 npm test -- --runInBand test/integration/faults\`
writes it anew.

`;

const notes = `
"New token on the first call": the token died with the process stopped, so that call had to wait for a new one. It did
not fail, and no caller was given the old token. Child processes that are stopped with \`SIGSTOP\` show the same for each
credential.

Some bad tokens look good to a cache. The managed identity of \`{ kind: 'managed-identity' }\` and \`{ kind: 'default' }\`
has none: the module asks IMDS and App Service itself. A \`ManagedIdentityCredential\` of your own keeps its tokens in a cache
of the process, and asks again only in the last five minutes of the life that a bad token was promised, or at half of it
when that is longer than two hours.

[^permanent]: An error that an operator must repair. The module tries again every five minutes.
`;

type Cells = Map<string, Map<string, string>>;

/** Compares the results of one credential with its column in the document, or with `UPDATE_DOCS=1` writes them there. */
export function checkColumn(title: string, results: ReadonlyMap<string, string>): void {
  const committed = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const cells = parse(committed);
  for (const [row, text] of results)
    cells.set(row, (cells.get(row) ?? new Map<string, string>()).set(title, text));
  const current = render(cells);
  if (updates) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, current);
  } else {
    expect(committed).toBe(current);
  }
}

function parse(document: string): Cells {
  const lines = document.split('\n').filter((line) => line.startsWith('| '));
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  return new Map(
    rows.map(([row = '', ...texts]) => [row, new Map(texts.map((text, n) => [head[n + 1] ?? '', text]))]),
  );
}

function render(cells: Cells): string {
  const titles = credentialKinds.map(({ title }) => title);
  const table = [
    ['Fault', ...titles],
    ...faultRows.map(({ title: row }) => [row, ...titles.map((title) => cells.get(row)?.get(title) ?? '')]),
  ];
  const widths = ['Fault', ...titles].map((_, n) => Math.max(...table.map((line) => line[n]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, n) => text.padEnd(widths[n] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...rows] = table;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return introduction + line(head) + rule + rows.map(line).join('') + notes;
}
