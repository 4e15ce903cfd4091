/** Writes `docs/errors.md` from the error reference: `npm run docs:errors`. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { everydayMistakes } from './everyday-mistakes.mjs';

const sections = [
  [
    'package',
    'Errors of this package',
    'Every error is an `EntraAuthError`: `code` tells the cases apart, `retryable` whether the same call may succeed later, and `fix` what to do. The message ends with it.',
  ],
  [
    'entra',
    'Codes of Entra',
    'The number is `aadsts` of the error and `entra.aadsts` of the metrics. Entra explains every code at `https://login.microsoftonline.com/error?code=<number>`.',
  ],
  [
    'postgres',
    'SQLSTATEs of PostgreSQL',
    'The code is `sqlState` of `DatabaseLoginRefusedError`, or `code` of an error that `pg` throws.',
  ],
];

const cell = (text) => text.replaceAll('|', '\\|');

function mistakes() {
  const parts = everydayMistakes.map(
    ({ mistake, wrote, message }) =>
      `### ${mistake[0].toUpperCase()}${mistake.slice(1)}\n\n${wrote}\n\n\`\`\`text\n${message}\n\`\`\``,
  );
  return [
    '## Everyday mistakes',
    'What was written, and the line of the error or of the log.',
    ...parts,
  ].join('\n\n');
}

/** The page of the error reference, as Markdown. */
export function errorsPage(reference) {
  const parts = sections.map(([family, title, text]) => {
    const rows = reference
      .filter((row) => row.family === family)
      .map(({ code, cause, remedy }) => `| \`${code}\` | ${cell(cause)} | ${cell(remedy)} |`);
    return [
      `## ${title}`,
      '',
      text,
      '',
      '| code | cause | what to do |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n');
  });
  return `# Errors

Made from \`lib/reference/error-reference.ts\` and \`scripts/everyday-mistakes.mjs\` by \`npm run docs:errors\`.

${mistakes()}

${parts.join('\n\n')}
`;
}

const isRun = process.argv[1] === import.meta.filename;
if (isRun) {
  const root = dirname(import.meta.dirname);
  const { errorReference } = await import('../lib/reference/error-reference.ts');
  const { format, resolveConfig } = await import('prettier');
  const file = join(root, 'docs/errors.md');
  const options = { ...(await resolveConfig(file)), filepath: file };
  await writeFile(file, await format(errorsPage(errorReference), options));
}
