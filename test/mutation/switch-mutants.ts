import type { Mutant } from './mutation.js';

interface Insertion {
  at: number;
  text: string;
  /** Of two at one place, the wider mutant is outside. */
  width: number;
  isEnd: boolean;
}

/** Puts a switch around the place of each mutant: all of them are there, and one at a time is on. */
export function switchMutants(text: string, mutants: readonly Mutant[]): string {
  const insertions = mutants.flatMap(insertionsOf).sort(inOrder);
  let switched = '';
  let from = 0;
  for (const { at, text: inserted } of insertions) {
    switched += text.slice(from, at) + inserted;
    from = at;
  }
  return switched + text.slice(from);
}

function insertionsOf({ id, start, end, replacement }: Mutant): Insertion[] {
  const isOn = `globalThis.__mutant?.(${id})`;
  // A tool that this program does not reach, such as a child process, has no switches.
  const [before, behind] =
    replacement === undefined ? [`{ if (!${isOn}) `, ' }'] : [`(${isOn} ? (${replacement}) : `, ')'];
  const width = end - start;
  return [
    { at: start, text: before, width, isEnd: false },
    { at: end, text: behind, width, isEnd: true },
  ];
}

function inOrder(one: Insertion, other: Insertion): number {
  if (one.at !== other.at) return one.at - other.at;
  if (one.isEnd !== other.isEnd) return one.isEnd ? -1 : 1;
  return one.isEnd ? one.width - other.width : other.width - one.width;
}
