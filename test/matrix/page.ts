import { rows } from './rows.js';
import type { Result } from './run-row.js';

const mark = { works: 'works', fails: '**fails**', 'not run': 'not run' } as const;
const yarnNote =
  'Yarn 1 treats `engines` of packages as a refusal where npm and pnpm warn: on Node 20 it wants `--ignore-engines` for Nest 12 ' +
  'and for `@azure/identity`.';
const typesNote =
  'Types are checked with the first version of Node.js alone: the compiler tells the same with each.';
const majors = [20, 22, 24, 26];

/** The page of the results, as Markdown. */
export function compatibilityPage(results: readonly Result[], version: string): string {
  const versions = new Map(results.map(({ node }) => [Number(node.split('.')[0]), node]));
  const cell = (row: string, major: number): string => {
    const result = results.find((one) => one.row === row && one.node.startsWith(`${major}.`));
    return result === undefined ? 'not run' : mark[result.outcome];
  };
  const detailOf = (row: string): string => {
    const details = results.filter((one) => one.row === row);
    const ran = details.find(({ outcome }) => outcome !== 'not run') ?? details[0];
    const early = details.find(({ outcome }) => outcome === 'not run' && ran?.outcome !== 'not run');
    return [ran?.detail ?? '', ...(early ? [early.detail] : [])].join('; ');
  };
  const heads = majors.map((major) => `Node ${versions.get(major) ?? major}`);
  const lines = rows.map(
    ({ name }) => `| ${[name, ...majors.map((major) => cell(name, major)), detailOf(name)].join(' | ')} |`,
  );
  const missing = majors.filter((major) => !versions.has(major));
  const note =
    missing.length === 0
      ? ''
      : `\n\nNode ${missing.join(' and ')} ${missing.length === 1 ? 'was' : 'were'} not at hand where this table was made; the workflow \`matrix.yml\` runs every version once a week.`;
  return `# Compatibility

Made by \`npm run test:matrix\`, which installs the packed tarball of version ${version} in an empty folder for each row, boots an application
against the local Entra, gets a token, and logs in to PostgreSQL where TypeORM is installed.

| row | ${heads.join(' | ')} | installed |
| --- | ${heads.map(() => '---').join(' | ')} | --- |
${lines.join('\n')}${note}

${typesNote}

${yarnNote}
`;
}
