import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';

import { describe, expect, it } from '@jest/globals';

const configuration: string = join(process.cwd(), 'eslint.rooms.mjs');
const { rooms } = (await import(configuration)) as { rooms: Record<string, readonly string[]> };

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'));

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : 'index');

/** The files that a file imports, with or without values. */
function importsOf(file: string): string[] {
  const source = readFileSync(join('lib', file), 'utf8');
  return [...source.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );
}

describe('the rooms of lib', () => {
  it('are all there', () => {
    const found = new Set(files.map(roomOf));
    found.delete('index');
    expect([...found].sort()).toEqual(Object.keys(rooms).sort());
  });

  it('import only what lies below them', () => {
    const allowed = new Map<string, readonly string[]>(Object.entries(rooms));
    const upward = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => {
          const [from, to] = [roomOf(file), roomOf(target)];
          return from !== 'index' && from !== to && !allowed.get(from)?.includes(to);
        })
        .map((target) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
    expect(files.flatMap(importsOf).length).toBeGreaterThan(500);
  });

  it('form no circle', () => {
    const left = new Map<string, readonly string[]>(Object.entries(rooms));
    for (let before = -1; before !== left.size;) {
      before = left.size;
      for (const [room, below] of left) if (!below.some((other) => left.has(other))) left.delete(room);
    }
    expect([...left.keys()]).toEqual([]);
  });

  it('hold no file of more than 250 lines', () => {
    const long = files
      .map((file) => [file, readFileSync(join('lib', file), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 250);
    expect(long).toEqual([]);
  });
});
