import { compileFunction } from 'node:vm';

import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

import { findMutations } from '../../mutation/find-mutations.js';
import { switchMutants } from '../../mutation/switch-mutants.js';

/** The mutations of a text, as what would stand in its place. */
const mutationsOf = (text: string): string[] =>
  findMutations('lib/file.ts', text).map(
    ({ start, end, replacement }) => `${text.slice(0, start)}${replacement ?? ''}${text.slice(end)}`,
  );

describe('the mutations of a text', () => {
  it.each<[string, string[]]>([
    ['a && b', ['a || b']],
    ['a || b', ['a && b']],
    ['a ?? b', ['a']],
    ['a === b', ['a !== b']],
    ['a < b', ['a <= b']],
    ['a >= b', ['a > b']],
    ['a * b', ['a / b']],
    ['!a', ['a']],
    ['true', ['false']],
    ['7', ['(7 + 1)']],
    ["x = 'word'", ["x = ''"]],
    ["x = 'two words'", []],
    ["x = 'a' + b", ["x = '' + b"]],
    ['Math.min(a, b)', ['Math.max(a, b)']],
    ['a ? b : c', ['true ? b : c', 'false ? b : c']],
    ["import x from 'y'", []],
    ["type X = 'y' | 7", []],
    ["x = { 'a-b': y }", []],
    ["await import('y')", []],
  ])('%s', (text, expected) => {
    const withoutStatement = mutationsOf(text).filter((mutation) => mutation !== '');
    expect(withoutStatement).toEqual(expected);
  });

  it('are statements that can be left out, but for the last return', () => {
    const text = 'function f(a) { if (a) return 1; a.go(); throw a; return 2; }';
    const leftOut = findMutations('lib/file.ts', text).filter(({ replacement }) => replacement === undefined);
    expect(leftOut.map(({ original }) => original)).toEqual(['return 1;', 'a.go();', 'throw a;']);
  });
});

it('a file with switches does the same as before while all are off, and what a switch stands for while it is on', () => {
  const text = `
    export function f(a: number, b?: number): unknown {
      if (a < 1 || !b) return a ?? 0;
      const list: number[] = [];
      if (a > 10) list.push(a * 2); else list.push(Math.min(a, b));
      list.push(b === 3 ? 7 : 8);
      return list;
    }`;
  const mutants = findMutations('lib/file.ts', text).map((mutation, id) => ({ ...mutation, id }));
  const switches: { __mutant?: (id: number) => boolean } = {};
  const compile = (source: string): ((...given: unknown[]) => unknown) => {
    const module = ts.transpile(source, { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 });
    const exported: { f?: (...given: unknown[]) => unknown } = {};
    const load = compileFunction(module, ['exports', 'globalThis']) as (...given: unknown[]) => void;
    load(exported, switches);
    return exported.f!;
  };
  const inputs = [0, 1, 5, 11].flatMap((a) => [undefined, 0, 3, 20].map((b) => [a, b]));
  const run = (f: (...given: unknown[]) => unknown): string =>
    JSON.stringify(
      inputs.map((input) => {
        try {
          return f(...input) ?? 'nothing';
        } catch (error) {
          return String(error);
        }
      }),
    );
  const switched = compile(switchMutants(text, mutants));
  expect(run(switched)).toBe(run(compile(text)));
  const changed = mutants.filter(({ id, start, end, replacement }) => {
    switches.__mutant = (active) => active === id;
    const byHand = compile(`${text.slice(0, start)}${replacement ?? ';'}${text.slice(end)}`);
    expect(run(switched)).toBe(run(byHand));
    return run(byHand) !== run(compile(text));
  });
  expect(changed.length).toBeGreaterThan(mutants.length / 2);
});
