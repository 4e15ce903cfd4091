/**
 * Installs the packed library next to what applications use, and runs each combination. Writes `docs/compatibility.md`.
 * `npm run test:matrix -- --only 'vitest|pnpm' --node /opt/node22/bin/node`; `--node` may be repeated.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ensurePacked, repositoryRoot } from '../support/build.js';
import { compatibilityPage } from './page.js';
import { rows } from './rows.js';
import { runRow, type Result } from './run-row.js';

const { values } = parseArgs({
  options: {
    /** A part of the names of rows, as a regular expression. */
    only: { type: 'string', default: '' },
    /** The programs to run with. Default: the one that runs this. */
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
});

const kept = join(repositoryRoot, '.test-output/matrix.json');
const read = async (): Promise<Result[]> =>
  JSON.parse(await readFile(kept, 'utf8').catch(() => '[]')) as Result[];
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

const tarball = await ensurePacked();
await mkdir(join(repositoryRoot, '.test-output'), { recursive: true });
const wanted = new RegExp(values.only);
let failures = 0;
for (const row of rows.filter(({ name }) => wanted.test(name))) {
  // The compiler tells the same with each.
  const nodes = row.way === 'types' ? values.node.slice(0, 1) : values.node;
  const results = await runRow(row, tarball, nodes);
  for (const { node, outcome, detail, output } of results) {
    tell(`${outcome.padEnd(8)} ${row.name}, Node ${node}: ${detail}`);
    if (output !== undefined) tell(output);
    if (outcome === 'fails') failures += 1;
  }
  // Written after each row, so that what was run counts when a later one is stopped.
  const isNew = ({ row: name, node }: Result): boolean =>
    !results.some((one) => one.row === name && one.node === node);
  await writeFile(kept, JSON.stringify([...(await read()).filter(isNew), ...results], null, 2));
}

const { version } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as {
  version: string;
};
const { format, resolveConfig } = await import('prettier');
const file = join(repositoryRoot, 'docs/compatibility.md');
const options = { ...(await resolveConfig(file)), filepath: file };
await writeFile(file, await format(compatibilityPage(await read(), version), options));
process.exitCode = failures === 0 ? 0 : 1;
