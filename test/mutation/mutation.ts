/** One change of a source file. */
export interface Mutation {
  /** Path from the root of the repository. */
  file: string;
  /** Counted from 1. */
  line: number;
  start: number;
  end: number;
  original: string;
  /** What stands there in place of the original; `undefined` for a statement that is left out. */
  replacement: string | undefined;
}

/** A mutation of a run, under the number that switches it on. */
export interface Mutant extends Mutation {
  id: number;
}

const longestText = 100;

export function describeMutant({ id, file, line, original, replacement }: Mutant): string {
  return `#${id} ${file}:${line}  ${inOneLine(original)}  →  ${replacement === undefined ? '(left out)' : inOneLine(replacement)}`;
}

function inOneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
