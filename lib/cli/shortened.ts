import { createHash } from 'node:crypto';

const shownCharacters = 4;
// Of a short text, the first characters would be too much of it.
const shortestWithBeginning = 64;

/** A secret as it may be shown: enough to tell two apart, and nothing that could be used. */
export function shortened(secret: string): string {
  const digest = createHash('sha256').update(secret).digest('hex').slice(0, 8);
  const beginning = secret.length < shortestWithBeginning ? '' : secret.slice(0, shownCharacters);
  return `${beginning}… (${secret.length} characters, sha256 ${digest}…)`;
}
