import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';

const file = join(repositoryRoot, 'docs/data-source-guard.md');

const introduction = `# The guard of the data source

An access token reaches PostgreSQL as a clear password: whoever reads it can log in. So it goes only over TLS that is
verified, to a host that was configured. Each row was run against servers that record every byte and want nothing but
the token:

- **right** has a certificate for \`localhost\` and 127.0.0.1 of the authority that the row knows (\`CA\`);
- **foreign** has such a certificate of an authority that nobody knows;
- **no TLS** says that it has none, and asks for the password in clear;
- **asks at once** answers whatever it is sent by asking for the password;
- **socket** is a local socket.

What is refused at start-up has connected to nothing. "Token seen" tells what the server received: for every row, all
of it was searched for the token, and so was what the other servers received.

\`sslmode\` means what it means in libpq, with two differences. Nothing is looked up in \`~/.postgresql\`, so without
\`sslrootcert\` the certificate authorities are those that Node.js trusts. And a mode that leaves the server unverified
is refused, unless \`dangerouslySendTokenWithoutVerifiedTls\` opens it: then it does what it does in libpq, a warning is
logged at start-up, and the health details say \`verifiedTls: false\`. Without any mode it is \`verify-full\`.

A test compares this document with the results of each run.
\`UPDATE_DOCS=1 npm test -- test/integration/postgres/guard.table\` writes it anew.
`;

const head = ['Given', 'Server', 'Outcome', 'Names', 'Says what to do', 'Token seen'];

/** Compares the results with the document, or with `UPDATE_DOCS=1` writes them there. */
export function checkDocument(groups: ReadonlyMap<string, readonly string[][]>): void {
  const sections = [...groups].map(([group, rows]) => `\n## ${group}\n\n${table(rows)}`);
  const current = introduction + sections.join('');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, current);
  else expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(current);
}

function table(rows: readonly string[][]): string {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, n) => (cells[n] ?? '').padEnd(width)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}
