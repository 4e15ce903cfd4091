import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';

const file = join(repositoryRoot, 'docs/data-source-guard.md');

const introduction = `# The guard of the data source

PostgreSQL gets the access token as a clear password, and any reader of it can log in. So the token is sent only over
verified TLS, to a host that was configured. Each row was run against servers that record every byte and ask for
nothing but the token:

- **right** has a certificate for \`localhost\` and 127.0.0.1, by the authority that the row knows (\`CA\`);
- **foreign** has such a certificate by an unknown authority;
- **no TLS** refuses TLS and asks for the password in clear;
- **asks at once** answers anything with a request for the password;
- **socket** is a local socket.

A refusal at start-up comes before any connection. "Option" is the one that the error names. "Token seen" is the result of a
search for the token in everything that the servers received.

\`sslmode\` means what it means in libpq, with two differences. Nothing is looked up in \`~/.postgresql\`: without
\`sslrootcert\` the certificate authorities are those that Node.js trusts. A mode that leaves the server unverified is
refused unless \`dangerouslySendTokenWithoutVerifiedTls\` opens it; then the module logs a warning at start-up, and the health
details show \`verifiedTls: false\`. The default mode is \`verify-full\`.

A test compares this document with the results of each run.
\`UPDATE_DOCS=1 npm test -- test/integration/postgres/guard.table\` writes it anew.
`;

const head = ['Given', 'Server', 'Outcome', 'Option', 'Advice', 'Token seen'];

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
